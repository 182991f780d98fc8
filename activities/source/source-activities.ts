import { resolve } from 'node:path';
import type { SourceRef } from '../../src/contracts/build/source.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { pipelineIdentity } from '../../src/domain/pipelines/pipeline-identity.ts';
import { isGitUrl, withoutCredentials } from '../../src/domain/git/address.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { SourceControl } from '../../src/ports/source-control.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { environmentDigest, environmentRequest, readSpec } from './read-spec.ts';
import { digestOf } from '../../src/base/digest.ts';

export const BUNDLE_MEDIA_TYPE = 'application/vnd.windlass.source.v1.tar';

export interface SourceDeps {
  readonly source: SourceControl;
  readonly artefacts: ArtefactStore;
  /** Folder that relative project paths are below; the worker's own by default. */
  readonly cwd?: string;
}

export interface CheckoutRequest {
  readonly project: string;
  readonly ref: string;
  readonly allowDirty: boolean;
}

/**
 * A project as one immutable bundle, its specification, and the digest that identifies the pipeline
 * made of it.
 */
export interface CheckedOutProject {
  readonly source: SourceRef;
  readonly spec: ProjectSpec;
  readonly pipelineDigest: string;
}

export type SourceActivities = ReturnType<typeof createSourceActivities>;

/** Activities that bring training code in. */
export function createSourceActivities({ source, artefacts, cwd = process.cwd() }: SourceDeps) {
  return {
    /**
     * Resolves the ref, bundles the project folder and reads windlass.yaml; the same commit gives
     * the same bundle.
     */
    checkoutProject: (request: CheckoutRequest): Promise<StepOutput<CheckedOutProject>> =>
      withHeartbeats(async (report, signal) => {
        const project = isGitUrl(request.project) ? request.project : resolve(cwd, request.project);
        const shown = withoutCredentials(project);
        report({ message: `checking out ${shown} at ${request.ref}` });
        const tree = await source.checkout({ ...request, project }, signal);
        const spec = readSpec(tree.files, `${shown} at ${tree.commit.slice(0, 12)}`);
        const bundle = await artefacts.put(tree.bundle, BUNDLE_MEDIA_TYPE);
        const dirty = tree.changed.length > 0;
        const lock = environmentDigest(environmentRequest(tree.files, spec));
        const { repository, subfolder, commit } = tree;
        const value: CheckedOutProject = {
          source: { repository, subfolder, commit, ref: request.ref, dirty, bundle },
          spec,
          pipelineDigest: digestOf(pipelineIdentity({ bundle: bundle.digest, lock, spec, dirty })),
        };
        const size = `${tree.files.length} files, ${Math.ceil(bundle.size / 1024)} KiB`;
        return {
          value,
          message: dirty
            ? `${commit.slice(0, 12)} with ${tree.changed.length} uncommitted changes, ${size}`
            : `${commit.slice(0, 12)}, ${size}`,
        };
      }),
  };
}
