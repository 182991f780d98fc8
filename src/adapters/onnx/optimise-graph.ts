import { readFile, writeFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-node';
import { Reader } from 'protobufjs';
import { WindlassError } from '../../errors/windlass-error.ts';
import { domainName } from './check-functions.ts';
import { readStructure } from './read-structure.ts';
import { reasonOf } from './session.ts';

/** ModelProto.opset_import of onnx.proto. */
const OPSET_IMPORT = 8;
/** OperatorSetIdProto.domain */
const DOMAIN = 1;

/**
 * Writes the model as ONNX Runtime rewrites it with its "basic" optimisations: constants folded,
 * redundant nodes gone. The higher levels fuse nodes into operators of one processor or one
 * runtime, which no gate lets through. Throws MODEL_INVALID.
 */
export async function optimise(from: string, to: string): Promise<void> {
  try {
    const session = await ort.InferenceSession.create(from, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'basic',
      optimizedModelFilePath: to,
      logSeverityLevel: 3,
    });
    await session.release();
  } catch (error) {
    throw new WindlassError('MODEL_INVALID', `ONNX Runtime cannot optimise the model: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  await writeFile(to, withoutUnusedImports(await readFile(to)));
}

/** ONNX Runtime imports every operator set that it knows: unused ones are removed. */
export function withoutUnusedImports(bytes: Buffer): Buffer {
  const { operators, functions } = readStructure(bytes);
  const used = new Set([...operators, ...functions].map((o) => o.domain));
  const kept: Buffer[] = [];
  const reader = Reader.create(bytes);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    const isImport = tag >>> 3 === OPSET_IMPORT;
    if (!isImport) reader.skipType(tag & 7);
    if (!isImport || used.has(importedDomain(reader.bytes()))) kept.push(bytes.subarray(start, reader.pos));
  }
  return Buffer.concat(kept);
}

function importedDomain(message: Uint8Array): string {
  const reader = Reader.create(message);
  let domain = '';
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === DOMAIN) domain = reader.string();
    else reader.skipType(tag & 7);
  }
  return domainName(domain);
}
