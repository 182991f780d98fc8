import type { PackagedImage } from '../../../contracts/packaging/image.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { DeviceAssignment, Lineage } from '../../../contracts/model/lineage.ts';
import type { Registry } from '../../../ports/registry/registry.ts';
import { shortDigest } from './model-view.ts';
import { findRecord } from '../../../application/find-model.ts';

/**
 * What `models lineage` answers: `image` only when there is one, `device` and `history` when it
 * started from a device.
 */
export interface LineageAnswer extends Omit<Lineage, 'image'> {
  readonly image?: PackagedImage;
  readonly device?: DeviceAssignment;
  readonly history?: readonly DeviceAssignment[];
}

/** The lineage of a version, or of what a device runs now. */
export async function lineageOf(
  registry: Registry,
  from: { reference?: string | undefined; device?: string | undefined },
): Promise<LineageAnswer> {
  const { reference, device } = from;
  if ((reference === undefined) === (device === undefined))
    throw new WindlassError('INPUT_INVALID', 'Name either a model (e.g. pump-health@3) or a --device.');
  if (device === undefined) {
    const { name, version } = await findRecord(registry, reference ?? '');
    return withoutNull(await registry.lineage(name, version));
  }
  const history = await registry.deviceHistory(device);
  const current = history.find((entry) => entry.until === null) ?? history[0];
  if (current === undefined)
    throw new WindlassError('NOT_FOUND', `The device ${device} has not been given any version.`, {
      hint: 'Device ids are those of the hub; a device enters the history with its first rollout.',
    });
  const lineage = await registry.lineage(current.model, current.version);
  return { ...withoutNull(lineage), device: current, history };
}

function withoutNull({ image, ...lineage }: Lineage): LineageAnswer {
  return image === null ? lineage : { ...lineage, image };
}

/** The lineage for people: from the device down to the commit, with who did what. */
export function lineageText(l: LineageAnswer): string {
  const device = l.device;
  const more = l.data.length - 5;
  return [
    ...(device === undefined
      ? []
      : [
          `${device.deviceId}: ${device.model}@${device.version} since ${device.since} (ring ${device.ring ?? '–'})`,
          `  why         ${device.reason === '' ? '–' : device.reason}`,
        ]),
    `${l.model.name}@${l.model.version}`,
    `  digest      ${l.model.digest}`,
    ...(l.origin === 'imported'
      ? [
          `  imported    from ${l.importedFile ?? '?'}: trained elsewhere`,
          `  not known   ${(l.missing ?? []).join(', ')}`,
        ]
      : [`  commit      ${l.commit} of ${l.repository}`]),
    `  pipeline    ${l.pipeline === null ? 'none' : `${l.pipeline.name}@${l.pipeline.version}${l.origin === 'imported' ? ' (serves it)' : ''}`}`,
    ...(l.environment === null ? [] : [`  environment ${l.environment}`]),
    `  run         ${l.run.workflowId} (run ${l.run.runId})`,
    `  data        ${l.dataDigest === null ? 'none' : `${l.dataDigest}, ${l.data.length} files`}${l.origin === 'imported' && l.dataDigest !== null ? ' (it was measured on)' : ''}`,
    ...l.data.slice(0, 5).map((f) => `    ${shortDigest(`sha256:${f.sha256}`)}  ${f.path}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
    `  image       ${l.image === undefined ? 'not packaged' : l.image.reference}`,
    `  rollouts    ${l.deployments.length === 0 ? 'none' : ''}`.trimEnd(),
    ...l.deployments.map(
      (d) => `    ${d.rolloutId}: ${d.outcome}, ${d.startedAt} – ${d.finishedAt ?? 'now'}`,
    ),
    `  devices     ${l.devices.length}${l.devices.length === 0 ? '' : `: ${l.devices.slice(0, 8).join(', ')}${l.devices.length > 8 ? ', …' : ''}`}`,
    '  events',
    ...l.audit
      .toReversed()
      .map((e) => `    ${e.at}  ${e.action} by ${e.actor}${e.reason === '' ? '' : `: ${e.reason}`}`),
  ].join('\n');
}
