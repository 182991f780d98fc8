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
import { GIT_PUSH_SIGNAL } from '../../src/contracts/names.ts';
import type {
  PushBuild,
  PushCoordinatorInput,
  PushCoordinatorState,
  PushEvent,
  ResolvedPushEvent,
} from '../../src/contracts/build/push.ts';
import { movesBranch, type Pushed } from '../../src/domain/git/push-order.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { failureText } from '../shared/steps.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { buildAndTrain } from './build-and-train.ts';

export const gitPushSignal = defineSignal<[PushEvent]>(GIT_PUSH_SIGNAL);
export const pushesQuery = defineQuery<PushCoordinatorState>('pushes');

const DEBOUNCE_SECONDS = 10;
/** Pushes that keep coming do not put a build off for longer than this many quiet times. */
const LONGEST_WAIT = 10;
/** How long it stays after its last build, to recognise deliveries that come late or twice. */
const LINGER = '10 minutes';
const REMEMBERED = 100;
const SHOWN_BUILDS = 20;

/**
 * One per repository, branch and project, started by a push (signal-with-start) and ended when none
 * has come for a while. Waits for `debounceSeconds` of quiet, builds the newest commit, and takes
 * up the newest of those that came meanwhile: one build at a time, and a build under way is
 * finished. Gives what it built.
 */
export async function pushCoordinator(input: PushCoordinatorInput): Promise<PushCoordinatorState> {
  const { repository, branch, project, memory } = input;
  const where = `${branch} of ${repository}${project === '' ? '' : `, ${project}`}`;
  const debounceSeconds = input.debounceSeconds ?? DEBOUNCE_SECONDS;
  const arrived: unknown[] = [];
  const seen = [...(memory?.seen ?? [])];
  const tips: Pushed[] = [...(memory?.tips ?? [])];
  const builds: PushBuild[] = [...(memory?.builds ?? [])];
  let pending = memory?.pending ?? null;
  let superseded = memory?.superseded ?? 0;
  let last = memory?.last ?? 'waiting for a push';
  const state = (): PushCoordinatorState => ({ pending, last, builds, superseded });

  setHandler(gitPushSignal, (event) => void arrived.push(event), {
    description: `A push to ${where}. Example: {"id": "by-hand-1", "commit": "<40 hex digits>", "build": {"project": "${repository}#${project}"}}`,
  });
  setHandler(pushesQuery, state, {
    description: 'The commit that waits, what happened last, and what was built. Takes no argument.',
  });
  setSearchAttributes({ stage: 'coordinate' });
  show();

  while (await condition(() => arrived.length > 0 || pending !== null, LINGER)) {
    await takeArrived();
    if (pending === null) continue;
    await quiet();
    await buildPending();
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await takeArrived();
      await continueAsNew<typeof pushCoordinator>({ ...input, memory: { ...state(), seen, tips } });
    }
  }
  return state();

  function show(): void {
    const lines = builds.map((b) => `- ${b.commit.slice(0, 12)}: ${b.outcome} (${b.workflowId})`);
    const overtaken = superseded === 0 ? [] : ['', `${superseded} pushes were overtaken by newer ones`];
    setCurrentDetails([`### ${where}: ${last}`, ...overtaken, '', ...lines.toReversed()].join('\n'));
  }

  function tell(text: string): void {
    last = text;
    show();
  }

  /**
   * Parses what the signal handler kept; a bad or repeated push is logged and left out, it never
   * stops the others.
   */
  async function takeArrived(): Promise<void> {
    while (arrived.length > 0) {
      const raw = arrived.shift();
      try {
        take(await resolveInput('gitPush', raw));
      } catch (error) {
        log.warn(`ignored a push: ${failureText(error)}`, { event: raw });
        tell(`ignored a push: ${failureText(error)}`);
      }
    }
  }

  function take(push: ResolvedPushEvent): void {
    if (seen.includes(push.id)) return tell(`ignored delivery ${push.id}: it was taken before`);
    seen.push(push.id);
    seen.splice(0, Math.max(0, seen.length - REMEMBERED));
    const moves = movesBranch(push, tips);
    if (!moves || pending !== null) superseded += 1;
    if (!moves) return tell(`left out ${push.commit.slice(0, 12)}: a newer push came before it`);
    tips.push({ commit: push.commit, before: push.before });
    tips.splice(0, Math.max(0, tips.length - REMEMBERED));
    pending = push;
    tell(`${push.commit.slice(0, 12)} waits for ${debounceSeconds} s of quiet`);
  }

  async function quiet(): Promise<void> {
    const until = Date.now() + LONGEST_WAIT * debounceSeconds * 1000;
    while (await condition(() => arrived.length > 0, `${debounceSeconds} seconds`)) {
      await takeArrived();
      if (Date.now() >= until) return;
    }
  }

  /**
   * Builds the pending commit; a failure is kept for people to read, and the next push is built all
   * the same.
   */
  async function buildPending(): Promise<void> {
    if (pending === null) return;
    const { commit, build } = pending;
    pending = null;
    const workflowId = `${workflowInfo().workflowId}-${commit.slice(0, 12)}-${workflowInfo().runId.slice(0, 8)}-${tips.length}`;
    setSearchAttributes({ commit });
    tell(`building ${commit.slice(0, 12)}`);
    let outcome: string;
    try {
      const { model, comparison } = await executeChild(buildAndTrain, {
        workflowId,
        args: [{ ...build, ref: commit }],
        staticSummary: `build ${commit.slice(0, 12)}, pushed to ${where}`,
      });
      outcome = `${model.name}@${model.version}, ${comparison.verdict}`;
    } catch (error) {
      if (CancellationScope.current().consideredCancelled) throw error;
      outcome = `failed: ${failureText(error)}`;
    }
    builds.push({ commit, workflowId, outcome });
    builds.splice(0, Math.max(0, builds.length - SHOWN_BUILDS));
    tell(`built ${commit.slice(0, 12)}: ${outcome}`);
  }
}
