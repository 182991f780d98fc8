import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { BuildInput } from '../../contracts/build/build.ts';
import { GIT_PUSH_SIGNAL, workflowIds, WORKFLOWS } from '../../contracts/names.ts';
import type { PushCoordinatorInput, PushEvent, Trigger } from '../../contracts/build/push.ts';
import { repositoryKey } from '../../domain/git/address.ts';
import { DELIVERY_KEPT_DAYS } from '../../domain/git/delivery-age.ts';
import { touchesProject, triggersFor, type Push } from '../../domain/git/triggers.ts';
import { pushedBy } from '../../domain/registry/approvals.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { PipelineStarter } from '../../ports/pipeline-starter.ts';
import type { ApiDeps, ApiEnv, HookDeps } from '../deps.ts';
import { azureDevops } from '../hooks/azure-devops.ts';
import { github } from '../hooks/github.ts';
import { gitlab } from '../hooks/gitlab.ts';
import type { HookCall, HookDelivery, HookProvider } from '../hooks/provider.ts';
import { ignoredAnswer, pushedAnswer } from '../answers/runs.ts';
import { answers } from '../schemas.ts';

const PROVIDERS = { github, gitlab, 'azure-devops': azureDevops } as const satisfies Record<
  string,
  HookProvider
>;
const NAMES = Object.keys(PROVIDERS) as [keyof typeof PROVIDERS];
const PATH = '/api/v1/hooks/git';
/** Calls that prove who they are by their own signature, not by the API's token. */
export const HOOK_PATHS: ReadonlySet<string> = new Set(NAMES.map((name) => `${PATH}/${name}`));
const CALL_MS = 8_000; // providers give up after ten seconds

interface Started {
  readonly workflowId: string;
  readonly runId: string;
  readonly project: string;
  readonly branch: string;
  readonly commit: string;
}

/**
 * Pushes that git servers report: each that matches a trigger goes to the coordinator of its
 * branch and project.
 */
export function addHookRoutes(api: OpenAPIHono<ApiEnv>, { starter, hooks }: ApiDeps): void {
  api.openapi(
    createRoute({
      method: 'post',
      path: `${PATH}/{provider}`,
      summary: 'A webhook of a git server: pushes that match a trigger are built, the newest of a burst only',
      description: "Proves itself by the provider's own signature or token instead of the API's token.",
      request: { params: z.object({ provider: z.enum(NAMES) }) },
      responses: {
        ...answers(202, 'Builds are on their way', pushedAnswer),
        ...answers(
          200,
          'Authentic, but it starts nothing; `ignored` says why, `pong` answers a ping',
          ignoredAnswer,
        ),
      },
    }),
    async (c) => {
      const name = c.req.valid('param').provider;
      const provider: HookProvider = PROVIDERS[name];
      const body = Buffer.from(await c.req.arrayBuffer());
      const call: HookCall = { header: (key) => c.req.header(key), body };
      refuseUnsigned(name, provider, { call, hooks });
      const delivery = provider.read(call, hooks.settings);
      await refuseReplay(name, delivery, hooks);
      const { event } = delivery;
      if (event.kind === 'ping') return c.json({ pong: true }, 200);
      if (event.kind === 'ignored') return c.json({ ignored: event.why }, 200);
      const started: Started[] = [];
      const skipped: { project: string; why: string }[] = [];
      for (const push of event.pushes)
        for (const trigger of triggersFor(push, hooks.triggers)) {
          const { project } = trigger;
          if (touchesProject(push, project))
            started.push(
              await signal(starter, { push, trigger, delivery, debounce: hooks.settings.debounceSeconds }),
            );
          else skipped.push({ project, why: `no file below ${project}/ was touched` });
        }
      // Only now: a delivery that could not be handed on may come again; handed on twice, the
      // coordinator counts it once.
      await hooks.deliveries.remember(name, delivery.keys);
      if (started.length > 0) return c.json({ started, skipped }, 202);
      return c.json({ ignored: whyNothing(event.pushes, skipped) }, 200);
    },
  );
}

function whyNothing(pushes: readonly Push[], skipped: readonly { why: string }[]): string {
  if (skipped.length > 0) return skipped.map(({ why }) => why).join('; ');
  const pushed = pushes.map((p) => `${p.branch} of ${p.repositories[0] ?? '?'}`).join(', ');
  return `no trigger is for ${pushed}`;
}

function refuseUnsigned(
  name: string,
  provider: HookProvider,
  { call, hooks }: { call: HookCall; hooks: HookDeps },
): void {
  const variables = provider.variables.join(' or ');
  if (!provider.configured(hooks.settings))
    throw new WindlassError('FORBIDDEN', `Webhooks of ${name} are not taken: no secret is set for them.`, {
      hint: `Set ${variables} (or …_FILE) to the secret that the webhook was made with.`,
    });
  if (!provider.isAuthentic(call, hooks.settings))
    throw new WindlassError('FORBIDDEN', `The call does not carry the secret of ${name}'s webhooks.`, {
      hint: `The secret of the webhook and ${variables} must be the same.`,
    });
}

async function refuseReplay(
  name: string,
  delivery: HookDelivery,
  { deliveries, clock }: HookDeps,
): Promise<void> {
  const { keys, madeAt } = delivery;
  const age = madeAt === undefined ? 0 : (clock.now().getTime() - madeAt.getTime()) / 86_400_000;
  if (age > DELIVERY_KEPT_DAYS)
    throw new WindlassError(
      'CONFLICT',
      `The delivery is ${Math.round(age)} days old; it is not taken any more.`,
      {
        hint: 'Push again, or start the build by hand with `windlass train`.',
      },
    );
  const takenAt = await deliveries.takenAt(name, keys);
  if (takenAt !== undefined)
    throw new WindlassError('CONFLICT', `This delivery was taken before, at ${takenAt.toISOString()}.`, {
      hint: 'Push again, or start the build by hand with `windlass train`.',
    });
}

interface Matched {
  readonly push: Push;
  readonly trigger: Trigger;
  readonly delivery: HookDelivery;
  readonly debounce: number;
}

async function signal(
  starter: PipelineStarter,
  { push, trigger, delivery, debounce }: Matched,
): Promise<Started> {
  const { repository, project, data, deploy } = trigger;
  const { branch, commit, before, pusher } = push;
  const build: BuildInput & { project: string } = {
    project: project === '' ? repository : `${repository}#${project}`,
    data,
    deploy: deploy === undefined ? undefined : { policy: deploy },
    actor: pushedBy(pusher),
    reason: `push of ${commit.slice(0, 12)} to ${branch}`,
  };
  const event: PushEvent = { id: `${delivery.keys[0]}/${commit}`, commit, before, build };
  const workflowId = workflowIds.pushCoordinator(repositoryKey(repository), branch, project);
  const input: PushCoordinatorInput = { repository, branch, project, debounceSeconds: debounce };
  const { runId } = await starter.signalWithStart({
    workflow: WORKFLOWS.pushCoordinator,
    workflowId,
    input,
    signal: GIT_PUSH_SIGNAL,
    message: event,
    summary: `pushes to ${branch} of ${repository}`,
    withinMs: CALL_MS,
  });
  return { workflowId, runId, project, branch, commit };
}
