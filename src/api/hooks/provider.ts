import { createHash, timingSafeEqual } from 'node:crypto';
import type { HooksConfig } from '../../config/schema.ts';
import type { Push } from '../../domain/git/triggers.ts';

/** A webhook call as it came: the signature is over these very bytes. */
export interface HookCall {
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

/** What an authentic call says; `why` is for the provider's log of deliveries. */
export type HookEvent =
  | { readonly kind: 'push'; readonly pushes: readonly Push[] }
  | { readonly kind: 'ping' }
  | { readonly kind: 'ignored'; readonly why: string };

export interface HookDelivery {
  /** Ways to recognise the delivery when it comes again; every one counts. */
  readonly keys: readonly [string, ...string[]];
  /** When the provider made it, where the signature covers that. */
  readonly madeAt?: Date | undefined;
  readonly event: HookEvent;
}

/** One kind of git server: how its webhooks prove who they are, and what they say. */
export interface HookProvider {
  /** Environment variables one of which must be set, for the hint. */
  readonly variables: readonly string[];
  readonly configured: (hooks: HooksConfig) => boolean;
  /** Whether the call was made with a configured secret. */
  readonly isAuthentic: (call: HookCall, hooks: HooksConfig) => boolean;
  /** Reads an authentic call; throws INPUT_INVALID that names what is missing. */
  readonly read: (call: HookCall, hooks: HooksConfig) => HookDelivery;
}

/** Compares in time that depends on neither text. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** A delivery's own id as a key, cut to a fixed length; no provider's ids are that long. */
export const idKey = (id: string): string => `id:${id.slice(0, 200)}`;
export const bodyKey = (body: Buffer): string => `body:${createHash('sha256').update(body).digest('hex')}`;

const NO_COMMIT = /^0+$/;

/** The commit before a push, or null for a new branch. */
export const commitBefore = (id: string): string | null => (NO_COMMIT.test(id) ? null : id);
export const isDeletion = (id: string): boolean => NO_COMMIT.test(id);

/** The branch of a ref; undefined for tags and everything else. */
export function branchOf(ref: string): string | undefined {
  return /^refs\/heads\/(.+)$/.exec(ref)?.[1];
}
