import { z } from 'zod';
import { DEPLOYMENT_POLICIES } from '../rollout/policy.ts';

/** Which pushes start a build: one entry of the setting `triggers`. */
export const triggerSchema = z.strictObject({
  /** What is fetched; pushes of the same host and path match, whatever the scheme. */
  repository: z
    .string()
    .regex(
      /^((https?|ssh|git|file):\/\/|[\w.][\w.-]*@[\w.][\w.-]*:)\S+$/,
      'expected a git URL, e.g. "https://git.example.com/models.git"',
    )
    .refine(
      (url) => !/^https?:\/\/[^/]*@/i.test(url) && !/^[a-z]+:\/\/[^/@]*:[^/@]*@/i.test(url),
      'expected a URL without a password: let a git credential helper or an SSH key of the worker give it',
    ),
  /** A branch; a `*` at the end matches what begins so. */
  branch: z.string().min(1).default('main'),
  /** Folder with windlass.yaml inside the repository. */
  project: z
    .string()
    .refine(
      (p) => !p.startsWith('/') && !p.split('/').includes('..'),
      'expected a folder inside the repository',
    )
    .transform((p) => p.replaceAll(/^\.?\/*|\/+$/g, ''))
    .default(''),
  /** As `windlass train --data`; default: what the last run of the pipeline used. */
  data: z.string().min(1).optional(),
  /** What happens to a version that passed; default: what windlass.yaml says. */
  deploy: z.enum(DEPLOYMENT_POLICIES).optional(),
});
export type Trigger = z.output<typeof triggerSchema>;

const commit = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'expected a full commit id');

/** A push that matched a trigger: signal of `pushCoordinator`. */
export const pushEventSchema = z.strictObject({
  /** Delivery of the webhook; the same twice counts once. */
  id: z.string().min(1).max(300),
  commit,
  /** What the branch pointed at before; null for a new branch. */
  before: commit.nullable().default(null),
  /** Input of `buildAndTrain`, but for its `ref`, which is the commit. */
  build: z.looseObject({ project: z.string().min(1) }),
});
export type PushEvent = z.input<typeof pushEventSchema>;
export type ResolvedPushEvent = z.output<typeof pushEventSchema>;

/** What became of the pushes of one branch of one project. */
export interface PushBuild {
  readonly commit: string;
  readonly workflowId: string;
  /** e.g. "pump-health@3", or why there is none. */
  readonly outcome: string;
}

export interface PushCoordinatorState {
  readonly pending: ResolvedPushEvent | null;
  readonly last: string;
  /** Newest last. */
  readonly builds: readonly PushBuild[];
  /** Pushes that a newer one overtook before they were built. */
  readonly superseded: number;
}

/** What a coordinator that continues as new hands on. */
export interface PushCoordinatorMemory extends PushCoordinatorState {
  readonly seen: readonly string[];
  readonly tips: readonly { readonly commit: string; readonly before: string | null }[];
}

export interface PushCoordinatorInput {
  readonly repository: string;
  readonly branch: string;
  readonly project: string;
  /** Quiet time after the last push before the build starts, in seconds. */
  readonly debounceSeconds?: number;
  readonly memory?: PushCoordinatorMemory;
}
