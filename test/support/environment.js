import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestEnvironment } from 'jest-environment-node';
import { cpuSeconds } from './cpu-time.ts';

/**
 * Jest gives each test file a realm of its own. Native modules (ONNX Runtime, DuckDB) and Node's
 * own buffers come from the outer realm, and `instanceof` across realms is false; so the binary
 * types are the outer ones.
 */
const OUTER_TYPES = [
  'ArrayBuffer',
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Error',
  'TypeError',
  'RangeError',
];

/**
 * Notes the CPU time of a file and of the processes that it started, for the summary (see
 * reporter.js).
 */
export default class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.file = context.testPath;
    this.before = cpuSeconds();
  }

  async setup() {
    await super.setup();
    for (const name of OUTER_TYPES) this.global[name] = globalThis[name];
  }
  async teardown() {
    await super.teardown();
    const note = { file: this.file, seconds: cpuSeconds() - this.before };
    appendFileSync(join(process.env.WINDLASS_TEST_RUN, 'cpu.jsonl'), `${JSON.stringify(note)}\n`);
  }
}
