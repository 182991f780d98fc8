/** What a rollout's test bundles: its own workflows and no other pipeline's. */
export { fleetRollout } from '../../workflows/package-and-deploy/fleet-rollout.ts';
export { packageAndDeploy } from '../../workflows/package-and-deploy/package-and-deploy.ts';
export { stragglerWatch } from '../../workflows/package-and-deploy/straggler-watch.ts';
