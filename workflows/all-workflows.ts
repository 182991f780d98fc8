/** The one file that Temporal bundles: every workflow by its registered name. */
export { buildAndTrain } from './build-and-train/build-and-train.ts';
export { importModel } from './build-and-train/import-model.ts';
export { reproduceModel } from './build-and-train/reproduce-model.ts';
export { calibrateDevice } from './calibration/calibrate-device.ts';
export { pushCoordinator } from './build-and-train/push-coordinator.ts';
export { trainTrial } from './build-and-train/train-trial.ts';
export { monitorAndRetrain } from './monitor-and-retrain/monitor-and-retrain.ts';
export { retrainCoordinator } from './monitor-and-retrain/retrain-coordinator.ts';
export { fleetRollout } from './package-and-deploy/fleet-rollout.ts';
export { packageAndDeploy } from './package-and-deploy/package-and-deploy.ts';
export { stragglerWatch } from './package-and-deploy/straggler-watch.ts';
