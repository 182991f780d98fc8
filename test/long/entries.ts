import { benches } from './benches.ts';
import { chaos } from './chaos.ts';
import { corpus } from './corpus.ts';
import { demo } from './demo.ts';
import type { LongEntry } from './entry.ts';
import { properties } from './properties.ts';
import { rollouts } from './rollouts.ts';

/** Everything that `npm run long` knows, in the order in which a sample runs it. */
export const ENTRIES: readonly LongEntry[] = [properties, corpus, rollouts, chaos, ...benches, demo];
