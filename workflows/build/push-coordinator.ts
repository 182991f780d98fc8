import {
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  executeChild,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { BuildResult } from '../../src/contracts/build/build.ts';
import { GIT_PUSH_SIGNAL } from '../../src/contracts/names.ts';
import type {
  PushBuild,
  PushCoordinatorInput,
  PushCoordinatorState,
  PushEvent,
  ResolvedPushEvent,
} from '../../src/contracts/build/push.ts';
import { appendNewest } from '../../src/base/append-newest.ts';
import { movesBranch, type Pushed } from '../../src/domain/git/push-order.ts';
import { DebouncedInbox } from '../shared/debounced-inbox.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { failureText } from '../shared/steps.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { buildAndTrain } from './build-and-train.ts';

export const gitPushSignal = defineSignal<[PushEvent]>(GIT_PUSH_SIGNAL);
export const pushesQuery = defineQuery<PushCoordinatorState>('pushes');

const DEBOUNCE_SECONDS = 10;
/** How long it stays after its last build, to recognise deliveries that come late or twice. */
const LINGER = '10 minutes';
const REMEMBERED_TIPS = 100;
const SHOWN_BUILDS = 20;

const short = (commit: string): string => commit.slice(0, 12);

/**
 * One per repository, branch and project, started by a push (signal-with-start) and ended when none
 * has come for a while. Waits for `debounceSeconds` of quiet, builds the newest commit, and takes
 * up the newest of those that came meanwhile: one build at a time, and a build under way is
 * finished. Gives what it built.
 */
export async function pushCoordinator(input: PushCoordinatorInput): Promise<PushCoordinatorState> {
  const { repository, branch, project, debounceSeconds = DEBOUNCE_SECONDS, memory } = input;
  const where = `${branch} of ${repository}${project === '' ? '' : `, ${project}`}`;
  const tips: Pushed[] = [...(memory?.tips ?? [])];
  const builds: PushBuild[] = [...(memory?.builds ?? [])];
  let superseded = memory?.superseded ?? 0;
  let last = memory?.last ?? 'waiting for a push';
  const inbox = new DebouncedInbox<ResolvedPushEvent>(
    {
      parse: (raw) => resolveInput('gitPush', raw),
      idOf: ({ id }) => id,
      accept,
      onIgnored,
      quietSeconds: debounceSeconds,
      condition,
    },
    { waiting: memory?.pending ? [memory.pending] : [], seen: memory?.seen ?? [] },
  );
  const state = (): PushCoordinatorState => ({
    pending: inbox.waiting.at(-1) ?? null,
    last,
    builds,
    superseded,
  });

  setHandler(gitPushSignal, (event) => inbox.receive(event), {
    description: `A push to ${where}. Example: {"id": "by-hand-1", "commit": "<40 hex digits>", "build": {"project": "${repository}#${project}"}}`,
  });
  setHandler(pushesQuery, state, {
    description: 'The commit that waits, what happened last, and what was built. Takes no argument.',
  });
  setSearchAttributes({ stage: 'coordinate' });
  show();

  for (;;) {
    const newest = (await inbox.nextBatch(LINGER)).at(-1);
    if (newest === undefined) return state();
    await build(newest);
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await inbox.takeArrived();
      const { seen } = inbox;
      await continueAsNew<typeof pushCoordinator>({ ...input, memory: { ...state(), seen, tips } });
    }
  }

  function show(): void {
    const lines = builds.map((b) => `- ${short(b.commit)}: ${b.outcome} (${b.workflowId})`);
    const overtaken = superseded === 0 ? [] : ['', `${superseded} pushes were overtaken by newer ones`];
    setCurrentDetails([`### ${where}: ${last}`, ...overtaken, '', ...lines.toReversed()].join('\n'));
  }

  function setLast(text: string): void {
    last = text;
    show();
  }

  /** Only a push that moves the branch on is built; of several the newest. */
  function accept(push: ResolvedPushEvent): boolean {
    const moves = movesBranch(push, tips);
    if (!moves || inbox.waiting.length > 0) superseded += 1;
    if (moves) appendNewest(tips, { commit: push.commit, before: push.before }, REMEMBERED_TIPS);
    setLast(
      moves
        ? `${short(push.commit)} waits for ${debounceSeconds} s of quiet`
        : `left out ${short(push.commit)}: a newer push came before it`,
    );
    return moves;
  }

  function onIgnored(why: string, raw: unknown): void {
    setLast(`ignored a push: ${why}`);
    log.warn(last, { event: raw });
  }

  /** A failed build is kept for people to read, and the next push is built all the same. */
  async function build({ commit, build: request }: ResolvedPushEvent): Promise<void> {
    const { workflowId: own, runId } = workflowInfo();
    const workflowId = `${own}-${short(commit)}-${runId.slice(0, 8)}-${tips.length}`;
    setSearchAttributes({ commit });
    setLast(`building ${short(commit)}`);
    const outcome = await outcomeOf(
      executeChild(buildAndTrain, {
        workflowId,
        args: [{ ...request, ref: commit }],
        staticSummary: `build ${short(commit)}, pushed to ${where}`,
      }),
    );
    appendNewest(builds, { commit, workflowId, outcome }, SHOWN_BUILDS);
    setLast(`built ${short(commit)}: ${outcome}`);
  }
}

/** The version that a build made, or why it made none; throws only when it is cancelled. */
async function outcomeOf(building: Promise<BuildResult>): Promise<string> {
  try {
    const { model, comparison } = await building;
    return `${model.name}@${model.version}, ${comparison.verdict}`;
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error;
    return `failed: ${failureText(error)}`;
  }
}
