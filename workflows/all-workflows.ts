/** The one file that Temporal bundles: every workflow by its registered name. */
export { buildAndTrain } from './build/build-and-train.ts';
export { importModel } from './build/import-model.ts';
export { reproduceModel } from './build/reproduce-model.ts';
export { calibrateDevice } from './calibration/calibrate-device.ts';
export { pushCoordinator } from './build/push-coordinator.ts';
export { trainTrial } from './build/train-trial.ts';
export { monitorAndRetrain } from './monitoring/monitor-and-retrain.ts';
export { retrainCoordinator } from './monitoring/retrain-coordinator.ts';
export { fleetRollout } from './rollout/fleet-rollout.ts';
export { packageAndDeploy } from './packaging/package-and-deploy.ts';
export { stragglerWatch } from './rollout/straggler-watch.ts';
