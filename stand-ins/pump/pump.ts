import { createWander, drawCharacter, follow } from './character.ts';
import { columnIndex, PUMP_COLUMNS, type PumpColumn } from './columns.ts';
import {
  combineEffects,
  scheduleFault,
  type FaultKind,
  type FaultPlan,
  type ScheduledFault,
} from './faults.ts';
import { createRandom } from './random.ts';
import { REGIMES, type RegimeName } from './regimes.ts';

export interface PumpSample {
  /** ISO 8601, UTC, whole seconds. */
  readonly time: string;
  /** One reading per channel in the order of `PUMP_COLUMNS`; NaN while a sensor is silent. */
  readonly values: readonly number[];
  readonly anomaly: 0 | 1;
}

export interface PumpOptions {
  readonly id: string;
  readonly seed: number;
  readonly regime?: RegimeName;
  /** Time of the first sample, ISO 8601. */
  readonly startTime?: string;
  /**
   * Sensor dropouts begun per second; the default puts one into about every 20th window of 60 rows.
   * 0 turns them off.
   */
  readonly dropoutRate?: number;
  /** Wear at the start, 0 (new) to 1 (worn out). */
  readonly wear?: number;
  /** Wear gained per hour of running. */
  readonly wearPerHour?: number;
}

export interface Pump {
  readonly id: string;
  readonly regime: RegimeName;
  /** The sample of the next second. */
  next(): PumpSample;
  /** Changes what the site asks of the pump; the readings follow with the pump's own inertia. */
  setRegime(regime: RegimeName): void;
  /** Adds a fault; several may act together. */
  injectFault(kind: FaultKind, plan?: FaultPlan): void;
  /** Ends every fault at once, effect and label. */
  repair(): void;
  /**
   * Lets a sensor read wrong by a growing amount, in its unit per hour. The pump itself stays
   * healthy, and so does the label.
   */
  driftSensor(column: PumpColumn, perHour: number): void;
}

const DEFAULT_DROPOUT_RATE = 0.0008;

/**
 * Creates a pump on a test bench that yields one sample per second. Flow, head and power follow the
 * affinity laws, temperatures follow losses and surroundings with first-order lags; noise levels
 * are those of a real bench of this size. Equal options give equal samples. Throws a RangeError for
 * a start time that is not ISO 8601.
 */
export function createPump(options: PumpOptions): Pump {
  const { id, seed, startTime = '2026-01-05T06:00:00Z', wear = 0, wearPerHour = 0.002 } = options;
  const start = Date.parse(startTime);
  if (Number.isNaN(start)) throw new RangeError(`startTime must be an ISO 8601 time, not ${startTime}`);
  let regime: RegimeName = options.regime ?? 'nominal';
  let second = 0;
  let faults: { readonly fault: ScheduledFault; readonly since: number }[] = [];
  const drifts: { readonly index: number; readonly perHour: number; readonly since: number }[] = [];
  const read = createBench(id, seed, regime);
  const silence = createDropouts(id, seed, options.dropoutRate ?? DEFAULT_DROPOUT_RATE);

  const next = (): PumpSample => {
    const states = faults.map(({ fault, since }) => ({ kind: fault.kind, ...fault.at(second - since) }));
    faults = faults.filter((_, i) => !states[i]?.over);
    const worn = Math.min(1, wear + (wearPerHour * second) / 3600);
    const values = read(regime, worn, combineEffects(states));
    for (const { index, perHour, since } of drifts)
      values[index] = (values[index] ?? Number.NaN) + (perHour * (second - since)) / 3600;

    const time = new Date(start + second * 1000).toISOString().replace('.000Z', 'Z');
    second += 1;
    return { time, values: silence(values), anomaly: states.some((state) => state.labelled) ? 1 : 0 };
  };

  return {
    id,
    get regime() {
      return regime;
    },
    next,
    setRegime: (name) => {
      regime = name;
    },
    injectFault: (kind, plan = {}) => {
      faults.push({ fault: scheduleFault(kind, plan), since: second });
    },
    repair: () => {
      faults = [];
    },
    driftSensor: (column, perHour) => {
      drifts.push({ index: columnIndex(column), perHour, since: second });
    },
  };
}

/** The physics: each call advances the pump by a second and gives its eight readings. */
function createBench(id: string, seed: number, initial: RegimeName) {
  const character = drawCharacter(createRandom(seed, id, 'character'));
  const random = createRandom(seed, id, initial, 'noise');
  const noise = character.noise;
  const flowWander = createWander(random, 0.13, 45);
  const currentNoise = createWander(random, 0.27 * noise, 2);
  const vibrationWander = createWander(random, 0.006, 240);
  const motorWander = createWander(random, 0.5, 200);
  const fluidWander = createWander(random, 0.02, 300);
  let { speed, ambient, viscosity } = REGIMES[initial];
  let water = ambient;
  let heat = character.heat * (1 + 0.04 * random.normal());
  let warming = character.fluidWarming;

  return (regime: RegimeName, wear: number, fault: ReturnType<typeof combineEffects>): number[] => {
    const target = REGIMES[regime];
    speed = follow(speed, target.speed, 20);
    ambient = follow(ambient, target.ambient, 180);
    water = follow(water, target.ambient, 240);
    viscosity = follow(viscosity, target.viscosity, 240);
    const load = speed ** 3 * (1 + 0.06 * (viscosity - 1) + 0.05 * wear + fault.current);
    heat = follow(heat, character.heat * (0.6 + 0.4 * load) + fault.heat + 4 * wear, 280);
    warming = follow(warming, character.fluidWarming * (0.5 + 0.5 * load), 500);

    const shake = speed ** 2 * (1 + 0.25 * wear) * (1 + vibrationWander());
    const spread1 = fault.roughness + 0.013 * noise;
    const spread2 = 1.6 * fault.roughness + 0.021 * noise;
    const friction = 1 - 0.05 * (viscosity - 1) - 0.06 * wear;
    const flow = character.flow * speed * friction * Math.max(0.02, 1 + fault.flow);
    const pressure = character.pressure * speed ** 2 + fault.pressureBar + 0.24 * noise * random.normal();
    return [
      character.vibration1 * shake * Math.max(0.1, 1 + fault.vibration1 + spread1 * random.normal()),
      character.vibration2 * shake * Math.max(0.1, 1 + fault.vibration2 + spread2 * random.normal()),
      Math.max(0.05, character.current * load + currentNoise()),
      // the transmitter's coarse steps
      0.054711 + 0.327918 * Math.round((pressure - 0.054711) / 0.327918),
      ambient + heat + motorWander(),
      water + warming + fluidWander() + 0.004 * random.normal(),
      231 - 1.2 * (load - 1) + random.between(-18.4, 18.4) * noise,
      Math.max(0, flow + flowWander() + (0.38 * noise + 8 * fault.roughness) * random.normal()),
    ];
  };
}

/**
 * Replaces the readings of a silent sensor by NaN for 2 to 5 seconds; it has a stream of its own
 * and changes nothing else.
 */
function createDropouts(id: string, seed: number, rate: number) {
  const random = createRandom(seed, id, 'dropouts');
  const silentFor: number[] = PUMP_COLUMNS.map(() => 0);
  return (values: readonly number[]): number[] => {
    const begins = random.next() < rate;
    const sensor = Math.floor(random.next() * PUMP_COLUMNS.length);
    const seconds = 2 + Math.floor(random.next() * 4);
    if (begins) silentFor[sensor] = seconds;
    return values.map((value, i) => {
      const left = silentFor[i] ?? 0;
      silentFor[i] = Math.max(0, left - 1);
      return left > 0 ? Number.NaN : value;
    });
  };
}
