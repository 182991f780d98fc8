import fc from 'fast-check';

const { WINDLASS_PROPERTY_SEED: seed, WINDLASS_PROPERTY_MS: milliseconds } = process.env;

/**
 * The generator of cases that all property tests share. `npm run long -- properties` gives each
 * property a seed and a time to spend; by itself a property tries a hundred cases of its own
 * choice.
 */
if (seed !== undefined && milliseconds !== undefined)
  fc.configureGlobal({
    seed: Number(seed),
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: Number(milliseconds),
    markInterruptAsFailure: false,
  });

export default fc;
