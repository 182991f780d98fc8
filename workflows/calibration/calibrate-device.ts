import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { CalibrationActivities } from '../../activities/calibration/calibration-activities.ts';
import type { DeliveryActivities } from '../../activities/calibration/delivery-activities.ts';
import type { ControlActivities } from '../../activities/registry/registry-activities.ts';
import type { CalibrateInput, CalibrateResult } from '../../src/contracts/device/calibrate-device.ts';
import { TASK_QUEUES } from '../../src/contracts/names.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { createSteps } from '../shared/steps.ts';

const STEPS = ['resolve', 'fit', 'record', 'deliver'] as const;
const retry = { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 8 } as const;

const { resolveModel, findPipeline, recordCalibration } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '1 minute',
  retry,
  summary: 'read from or write to the registry',
});
const { fitDeviceCalibration } = proxyActivities<CalibrationActivities>({
  taskQueue: TASK_QUEUES.training,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '20 seconds',
  retry,
  summary: "fit on the device's commissioning rows",
});
const { deliverCalibration } = proxyActivities<DeliveryActivities>({
  taskQueue: TASK_QUEUES.fleet,
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '20 seconds',
  // The hub may be away for days.
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  summary: "write the device's module twin",
});

/**
 * Fits the calibration of one device for one model version on the device's commissioning rows,
 * keeps it with version and device, and delivers it through the device's module twin. A device that
 * is offline takes it when it is back.
 */
export async function calibrateDevice(raw: CalibrateInput): Promise<CalibrateResult> {
  const steps = createSteps('Calibrate', STEPS);
  const { workflowId, runId } = workflowInfo();
  const {
    model: reference,
    device,
    data,
    deliver,
    actor,
    reason,
  } = await resolveInput('calibrateDevice', raw);

  const { model, pipeline } = await steps.run('resolve', async () => {
    const found = await resolveModel(reference);
    const { name, version } = found.pipeline;
    const value = { model: found, pipeline: await findPipeline(`${name}@${version}`) };
    return { value, message: `${found.name}@${found.version} for ${device}` };
  });
  setSearchAttributes({ model: model.name, version: model.version, stage: 'calibrate' });
  const calibration = await steps.run('fit', async () => {
    const { spec, source } = pipeline;
    const code = { bundle: source.bundle, spec };
    const value = await fitDeviceCalibration({ code, model: model.digest, device, data });
    return { value, message: `${value.id} on the first ${value.rows} rows of ${data}` };
  });
  await steps.run('record', async () => {
    const version = { name: model.name, version: model.version };
    await recordCalibration(version, calibration, { actor, reason });
    return { value: undefined, message: `kept with ${model.name}@${model.version} and ${device}` };
  });
  const why = deliver
    ? await steps.run('deliver', async () => {
        const value = (await deliverCalibration(calibration)).why;
        return { value, message: value ?? `in the module twin of ${device}` };
      })
    : 'not asked for';
  if (!deliver) steps.skip('deliver', 'not asked for');
  steps.headline(`**${device}** for ${model.name}@${model.version}: ${why ?? 'delivered'}`);
  return {
    workflowId,
    runId,
    calibration,
    delivered: why === null,
    model: { name: model.name, version: model.version, digest: model.digest },
    why: why ?? undefined,
    steps: steps.reports(),
    seconds: steps.seconds(),
  };
}
