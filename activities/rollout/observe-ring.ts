import { sleep } from '@temporalio/activity';
import { countDevices, type RingCounts } from '../../src/domain/rollout/ring-counts.ts';
import { decideRing, isLastRing, type RingAction } from '../../src/domain/rollout/ring-decision.ts';
import type { ObservedDevice, StoredRollout } from '../../src/ports/rollout-store.ts';
import { storedRollout, type HeartbeatDeps, type FleetDeps } from './rollout-deps.ts';
import { afterJudgement, isNews, judgeDevices } from './judge-devices.ts';
import type { RingPlace } from './open-ring.ts';

export interface ObserveRing extends RingPlace {
  /** Seconds since the ring was opened (pauses left out) when this look begins. */
  readonly seconds: number;
  readonly held: boolean;
}

export interface RingObservation {
  readonly counts: RingCounts;
  /** What the counts meant when the look ended; the workflow decides by the same rule. */
  readonly action: RingAction;
  /** Seconds that the look took. */
  readonly seconds: number;
}

/** Longest look, in seconds; and how long it goes on at least when only counts have changed. */
const LONGEST = 60;
const NEWS_AFTER = 10;
/** Devices without contact that are read per poll; the others have their turn in the next polls. */
const UNREACHABLE_PER_POLL = 20;

const isOpen = (device: ObservedDevice): boolean => device.verdict !== 'good' && device.verdict !== 'failed';

/** One ring while it is looked at: the store is read once, then only what changes is written. */
class RingLook {
  readonly #deps: FleetDeps;
  readonly #rollout: StoredRollout;
  readonly #position: number;
  #devices: ObservedDevice[];
  #turn = 0;

  constructor(
    deps: FleetDeps,
    about: { rollout: StoredRollout; position: number; devices: ObservedDevice[] },
  ) {
    this.#deps = deps;
    this.#rollout = about.rollout;
    this.#position = about.position;
    this.#devices = about.devices;
  }

  get counts(): RingCounts {
    return countDevices(this.#devices);
  }

  /**
   * Reads and judges the undecided devices: those in contact always, those without some at a time.
   */
  async poll(first: boolean): Promise<void> {
    const open = this.#devices.filter(isOpen);
    const [near, far] = [open.filter((d) => d.reachable), open.filter((d) => !d.reachable)];
    const all = first && this.#devices.every((d) => !d.reachable);
    const start = far.length === 0 ? 0 : (this.#turn * UNREACHABLE_PER_POLL) % far.length;
    const some = [...far.slice(start), ...far.slice(0, start)].slice(0, UNREACHABLE_PER_POLL);
    this.#turn += 1;
    await this.#look([...near, ...(all ? far : some)]);
  }

  /**
   * Reads the good devices once more: what was good when it was read may have broken while others
   * soaked.
   */
  async confirm(): Promise<void> {
    await this.#look(this.#devices.filter((device) => device.verdict === 'good'));
  }

  async #look(devices: readonly ObservedDevice[]): Promise<void> {
    if (devices.length === 0) return;
    const { hub, store, clock } = this.#deps;
    const ids = devices.map((device) => device.deviceId);
    const evidence = await hub.readEvidence(ids);
    const judged = judgeDevices(devices, evidence, {
      rollout: this.#rollout,
      now: clock.now().toISOString(),
    });
    const byId = new Map(judged.map((one) => [one.deviceId, one]));
    const news = this.#devices.flatMap((device) => {
      const one = byId.get(device.deviceId);
      return one !== undefined && isNews(device, one.judgement) ? [one] : [];
    });
    await store.saveJudgements(this.#rollout.rolloutId, news);
    this.#devices = this.#devices.map((device) => {
      const one = byId.get(device.deviceId);
      return one === undefined ? device : afterJudgement(device, one.judgement);
    });
    if (news.length > 0)
      await store.saveRing(this.#rollout.rolloutId, this.#position, { counts: this.counts });
  }
}

/**
 * Looks at an open ring until something is to be decided, for at most 60 s: reads the twins of
 * undecided devices every pollSeconds, judges them, and keeps what it saw. Returns early when the
 * decision changes, and after 10 s when counts did.
 */
export async function observeRing(deps: HeartbeatDeps, input: ObserveRing): Promise<RingObservation> {
  const { rolloutId, position, held } = input;
  const rollout = await storedRollout(deps.store, rolloutId);
  const { policy, rings } = rollout;
  const devices = await deps.store.observed(rolloutId, position);
  const look = new RingLook(deps, { rollout, position, devices });
  const last = isLastRing(rings, position);
  const began = deps.clock.now().getTime();
  const before = JSON.stringify(rings[position]?.counts);
  let confirmed = false;
  for (let poll = 0; ; poll += 1) {
    await look.poll(poll === 0);
    let seconds = (deps.clock.now().getTime() - began) / 1000;
    const decide = (): RingAction =>
      decideRing(look.counts, policy, { seconds: input.seconds + seconds, last }).action;
    let action = decide();
    if (action === 'promote' && !confirmed) {
      confirmed = true;
      await look.confirm();
      seconds = (deps.clock.now().getTime() - began) / 1000;
      action = decide();
    }
    const { counts } = look;
    deps.report({ ...counts, action });
    const decided = action !== 'wait' && !(held && action === 'hold');
    const news = seconds >= NEWS_AFTER && JSON.stringify(counts) !== before;
    if (decided || news || held || seconds >= LONGEST) return { counts, action, seconds };
    await sleep(policy.pollSeconds * 1000);
  }
}
