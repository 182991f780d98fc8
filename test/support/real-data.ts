import { existsSync } from 'node:fs';
import { join } from 'node:path';

const named = process.env.WINDLASS_TEST_DATA;

/**
 * The folder of real measurements: that of `WINDLASS_TEST_DATA`, else `shared/data` beside the
 * repository.
 */
export const REAL_DATA =
  named === undefined || named === '' ? join(import.meta.dirname, '../../../shared/data') : named;

/** The pump test bench of SKAB (Skoltech Anomaly Benchmark). */
export const SKAB = join(REAL_DATA, 'skab');

/** Why tests on SKAB skip, or nothing when it is there. */
export const noSkab = existsSync(SKAB)
  ? undefined
  : `no real measurements at ${SKAB} (WINDLASS_TEST_DATA names their folder)`;
