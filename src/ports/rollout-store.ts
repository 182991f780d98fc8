import type { RingReport, RolloutOutcome } from '../contracts/rollout/rollout.ts';
import type { RolloutPolicy } from '../contracts/rollout/policy.ts';
import type { AssignedDevice } from '../domain/rollout/assign-rings.ts';
import type { DeviceJudgement, DeviceMemory } from '../domain/rollout/device-verdict.ts';
import type { CountedDevice, RingCounts } from '../domain/rollout/ring-counts.ts';
import type { RolloutState } from '../contracts/rollout/state.ts';
import type { DecisionRecord, RingChange, StateChange } from '../domain/rollout/transition-record.ts';
import type { Actor } from '../contracts/audit.ts';

export interface NewRollout extends Actor {
  readonly rolloutId: string;
  readonly model: string;
  readonly version: string;
  readonly modelDigest: string;
  /** Reference that devices are given: repository@digest. */
  readonly image: string;
  readonly imageDigest: string;
  readonly policy: RolloutPolicy;
  readonly condition: string;
  readonly previous: { readonly version: string; readonly configurationId: string } | null;
  readonly workflowId: string;
  readonly runId: string;
}

export interface StoredRing extends RingReport {
  readonly position: number;
  readonly percent: number;
  readonly counts: RingCounts;
  readonly approvedBy: string | null;
}

export interface StoredRollout extends NewRollout {
  readonly devices: number;
  readonly state: RolloutState;
  readonly outcome: RolloutOutcome | null;
  readonly supersededBy: string | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly conclusion: string;
  readonly rings: readonly StoredRing[];
}

/** A device of an open ring, with what the last look left behind. */
export interface ObservedDevice extends CountedDevice {
  readonly deviceId: string;
  readonly memory: DeviceMemory;
}

export interface JudgedDevice {
  readonly deviceId: string;
  readonly judgement: DeviceJudgement;
  /** The part of the evidence that the judgement rests on, for people and for replay. */
  readonly evidence: unknown;
}

export interface RevertingDevice {
  readonly deviceId: string;
  readonly previousTarget: string | null;
  readonly revertStartedAt: string;
}

export interface StoredDecision extends Omit<DecisionRecord, 'position'> {
  readonly ring: string;
  readonly at: string;
  /** Every device of the ring as it was when the decision was taken. */
  readonly devices: ReadonlyArray<CountedDevice & { readonly deviceId: string; readonly reason: string }>;
}

/** Rollouts, their devices and decisions. Every write is idempotent. */
export interface RolloutStore {
  /**
   * Writes the plan once (a second call with the same id returns what is stored) and marks live
   * rollouts of the same model as superseded, in one transaction.
   */
  create(rollout: NewRollout, devices: readonly AssignedDevice[]): Promise<StoredRollout>;
  rollout(rolloutId: string): Promise<StoredRollout | undefined>;
  /** Newest first. */
  rollouts(filter: { model?: string; limit: number }): Promise<StoredRollout[]>;
  supersededBy(rolloutId: string): Promise<string | null>;
  /** Unfinished rollouts that this one took over from. */
  takenOver(rolloutId: string): Promise<Array<{ rolloutId: string; workflowId: string }>>;

  saveState(rolloutId: string, state: RolloutState, change: StateChange): Promise<void>;
  saveRing(rolloutId: string, position: number, change: RingChange): Promise<void>;
  /** Keeps a decision with every device of the ring as evidence, and its audit event. */
  recordDecision(rolloutId: string, decision: DecisionRecord, by: Actor): Promise<void>;
  decisions(rolloutId: string): Promise<StoredDecision[]>;

  openRing(rolloutId: string, position: number): Promise<void>;
  /**
   * Devices of the ring without an offer; `baselined` ones have their previous target on record
   * already.
   */
  toOffer(
    rolloutId: string,
    position: number,
    limit: number,
  ): Promise<Array<{ deviceId: string; baselined: boolean }>>;
  /**
   * Keeps what each device had before its first offer. A device on a version whose own ring was
   * never promoted gets that rollout's previous target instead, so that a way back never leads to
   * an unproven version.
   */
  saveBaselines(
    rolloutId: string,
    devices: ReadonlyArray<{ deviceId: string; target: string | null; restarts: number }>,
  ): Promise<void>;
  markOffered(rolloutId: string, position: number, deviceIds: readonly string[]): Promise<void>;

  observed(rolloutId: string, position: number): Promise<ObservedDevice[]>;
  saveJudgements(rolloutId: string, devices: readonly JudgedDevice[]): Promise<void>;
  /** Every device of the rollout as it was last judged, ring by ring. */
  devices(
    rolloutId: string,
  ): Promise<
    ReadonlyArray<CountedDevice & { deviceId: string; ring: string; reason: string; stratum: string }>
  >;

  /**
   * Devices that this rollout offered, that still have its target, and that had another one before.
   */
  toRevert(
    rolloutId: string,
    options: {
      readonly limit: number;
      /** Previous targets that nothing goes back to. */
      readonly without: readonly string[];
    },
  ): Promise<Array<{ deviceId: string; previousTarget: string | null }>>;
  previousTargetsOf(
    rolloutId: string,
    deviceIds: readonly string[],
  ): Promise<Array<{ deviceId: string; previousTarget: string | null }>>;
  previousTargets(rolloutId: string): Promise<Array<{ target: string | null; devices: number }>>;
  /** `images` gives the image digest of each target, for the devices' history. */
  markReverting(
    rolloutId: string,
    deviceIds: readonly string[],
    why: { readonly images: Readonly<Record<string, string>>; readonly reason: string },
  ): Promise<void>;
  reverting(rolloutId: string): Promise<RevertingDevice[]>;
  markReverted(rolloutId: string, deviceIds: readonly string[]): Promise<void>;

  /** Offered devices that are not good and whose current assignment is still this rollout's. */
  stragglers(rolloutId: string): Promise<ObservedDevice[]>;
}
