/**
 * Entry script of the pump anomaly model: runs on the device, scores one window at a time. A window that the model was
 * not made for is reported as invalid, never as healthy.
 */

const ROWS = 5;

/** Channels in the order of the window, with the range that a working sensor can give; windlass.yaml says the same. */
export const COLUMNS = [
  { name: 'Accelerometer1RMS', min: 0, max: 2 },
  { name: 'Accelerometer2RMS', min: 0, max: 2 },
  { name: 'Current', min: -0.5, max: 10 },
  { name: 'Pressure', min: -3, max: 6 },
  { name: 'Temperature', min: -20, max: 150 },
  { name: 'Thermocouple', min: -20, max: 110 },
  { name: 'Voltage', min: 150, max: 300 },
  { name: 'Volume Flow RateRMS', min: 0, max: 200 },
];

/** Runs once before the first window; an exception here stops the module. */
export async function init(context) {
  const { name, version, threshold } = context.model;
  if (!(threshold > 0 && threshold < 1)) {
    throw new Error(`the alarm threshold of ${name} ${version} is ${threshold}; it must lie between 0 and 1`);
  }
  context.log.info('pump anomaly model ready', { model: name, version, threshold });
}

/** Scores one window; gives `{ probability, alarm }`, or `{ invalid }` with the reason. */
export async function run({ window, calibration }, context) {
  const reason = whyInvalid(window, calibration);
  if (reason) return { invalid: reason };

  const scores = await context.score({
    window: { shape: [1, ROWS, COLUMNS.length], data: window },
    ...calibration,
  });
  const probability = scores.probability[0];
  if (!Number.isFinite(probability)) return { invalid: 'the model gave no number' };
  return { probability, alarm: probability >= context.model.threshold };
}

function whyInvalid(window, calibration) {
  if (window.length !== ROWS * COLUMNS.length) {
    return `the window has ${window.length} readings, not ${ROWS * COLUMNS.length}`;
  }
  for (const [name, { data }] of Object.entries(calibration)) {
    if (!data.every(Number.isFinite)) return `the calibration ${name} has a value that is not a number`;
  }
  for (const [index, { name, min, max }] of COLUMNS.entries()) {
    let missing = 0;
    let outside = 0;
    for (let at = index; at < window.length; at += COLUMNS.length) {
      const value = window[at];
      if (!Number.isFinite(value)) missing += 1;
      else if (value < min || value > max) outside += 1;
    }
    if (missing > 0) return `${name}: ${missing} of ${ROWS} readings are missing`;
    if (outside > 0) return `${name}: ${outside} of ${ROWS} readings lie outside ${min} to ${max}`;
  }
  return undefined;
}
