import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest gives each test file a realm of its own. Native modules (ONNX Runtime, DuckDB) and Node's own buffers come from
 * the outer realm, and `instanceof` across realms is false; so the binary types are the outer ones.
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

export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of OUTER_TYPES) this.global[name] = globalThis[name];
  }
}
