import { join } from 'node:path';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type { Recheck } from '../../src/contracts/build/reproduce.ts';
import { isGitUrl } from '../../src/domain/git/address.ts';
import { compareManifests } from '../../src/domain/registry/reproduction.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import type { SourceControl } from '../../src/ports/source-control.ts';
import { readManifest } from '../data/manifest.ts';
import { type DataDeps, snapshotData } from '../data/snapshot.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { digestOf } from '../../src/base/digest.ts';

export interface ReproductionDeps extends DataDeps {
  readonly source: SourceControl;
}

export type ReproductionActivities = ReturnType<typeof createReproductionActivities>;

function unchecked(what: string, why: string): Recheck {
  return { differences: [], unchecked: [{ what, why }], notes: [] };
}

/**
 * An origin that cannot be looked at any more is not compared, and what was kept of it is used;
 * anything unforeseen is thrown on.
 */
function outOfReach(what: string, error: unknown): Recheck {
  if (!(error instanceof WindlassError) || error.code === 'INTERNAL' || error.code === 'CANCELLED')
    throw error;
  return unchecked(what, error.message);
}

/** Activities that look again at where a model version came from. */
export function createReproductionActivities(deps: ReproductionDeps) {
  return {
    /** The recorded commit, checked out again, against the bundle that was kept. */
    recheckSource: (request: { pipeline: PipelineVersion; project?: string }): Promise<Recheck> =>
      withHeartbeats(async (report, signal) => {
        const { repository, subfolder, commit, dirty, bundle } = request.pipeline.source;
        if (dirty)
          return unchecked(
            'source bundle',
            `it was made from uncommitted changes to ${commit.slice(0, 12)}, which are nowhere but in the bundle that was kept`,
          );
        const project =
          request.project ??
          (isGitUrl(repository) ? `${repository}#${subfolder}` : join(repository, subfolder));
        report({ message: `checking out ${project} at ${commit.slice(0, 12)}` });
        try {
          const tree = await deps.source.checkout(
            { project, ref: commit, allowDirty: false, ignoreTree: true },
            signal,
          );
          const found = digestOf(tree.bundle);
          const differs = found !== bundle.digest;
          return {
            differences: differs ? [{ what: 'source bundle', recorded: bundle.digest, found }] : [],
            unchecked: [],
            notes: [],
          };
        } catch (error) {
          signal.throwIfAborted();
          return outOfReach('source bundle', error);
        }
      }),

    /**
     * The recorded data files against those at their source now, or at `source`. Nothing is
     * recorded.
     */
    recheckData: (request: { ref: DataRef; spec: ProjectSpec; source?: string }): Promise<Recheck> =>
      withHeartbeats(async (report, signal) => {
        const { ref, spec, source = ref.source } = request;
        const registry = { recordData: () => Promise.resolve(), lastData: () => Promise.resolve(undefined) };
        try {
          const { ref: now } = await snapshotData({ ...deps, registry }, { source, spec }, (message) => {
            signal.throwIfAborted();
            report({ message });
          });
          const [recorded, found] = [
            await readManifest(deps.artefacts, ref),
            await readManifest(deps.artefacts, now),
          ];
          return compareManifests(recorded, found);
        } catch (error) {
          signal.throwIfAborted();
          return outOfReach('data files', error);
        }
      }),
  };
}
