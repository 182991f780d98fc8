import { HttpError, parseObject, type Reply } from './http-io.ts';
import type { EdgeModel } from './model.ts';
import { sizeOf, type FloatTensor, type TensorSpec } from './tensor.ts';

/**
 * The inference request and response of the Open Inference Protocol v2 (REST), with its binary
 * tensor data extension: the header `Inference-Header-Content-Length` says where the JSON ends and
 * the raw little-endian tensors begin.
 */
export interface InferenceBody {
  readonly bytes: Buffer;
  /** Value of `Inference-Header-Content-Length`, when sent. */
  readonly jsonLength: string | undefined;
}

interface RequestedOutput {
  readonly name: string;
  readonly binary: boolean;
}

const BINARY_HEADER = 'inference-header-content-length';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parametersOf = (value: Record<string, unknown>, where: string): Record<string, unknown> => {
  const parameters = value['parameters'] ?? {};
  if (!isRecord(parameters)) throw new HttpError(400, `${where}: "parameters" must be an object`);
  return parameters;
};

function list(value: unknown, name: string): Record<string, unknown>[] {
  if (!Array.isArray(value) || !value.every(isRecord))
    throw new HttpError(400, `"${name}" must be an array of objects`);
  return value;
}

function splitBody({ bytes, jsonLength }: InferenceBody): { json: Record<string, unknown>; raw: Buffer } {
  if (jsonLength === undefined) return { json: parseObject(bytes), raw: Buffer.alloc(0) };
  const length = Number(jsonLength);
  if (!Number.isInteger(length) || length < 0 || length > bytes.length)
    throw new HttpError(400, `${BINARY_HEADER} must be between 0 and the body's length, not ${jsonLength}`);
  return { json: parseObject(bytes.subarray(0, length)), raw: bytes.subarray(length) };
}

function checkShape(shape: unknown, spec: TensorSpec, symbols: Map<string, number>): number[] {
  const wanted = `[${spec.shape.map((d) => (typeof d === 'number' ? d : -1)).join(', ')}]`;
  const where = `input "${spec.name}"`;
  if (!Array.isArray(shape) || !shape.every((d) => Number.isInteger(d) && d >= 0))
    throw new HttpError(400, `${where}: "shape" must be an array of whole numbers, expected ${wanted}`);
  const dims = shape as number[];
  const fits =
    dims.length === spec.shape.length && spec.shape.every((d, i) => typeof d === 'string' || d === dims[i]);
  if (!fits) throw new HttpError(400, `${where}: shape [${dims.join(', ')}] does not fit ${wanted}`);
  for (const [i, symbol] of spec.shape.entries()) {
    if (typeof symbol !== 'string') continue;
    const dim = dims[i] as number;
    if (dim === 0) throw new HttpError(400, `${where}: dimension ${i} must be at least 1`);
    const known = symbols.get(symbol) ?? dim;
    if (known !== dim)
      throw new HttpError(400, `${where}: dimension ${i} is ${dim}, but the other inputs have ${known} rows`);
    symbols.set(symbol, dim);
  }
  return dims;
}

/** Values of a JSON tensor, flat or nested in row-major order. */
function jsonValues(data: unknown, size: number, where: string): Float32Array {
  if (!Array.isArray(data)) throw new HttpError(400, `${where}: "data" must be an array`);
  const flat = data.some(Array.isArray) ? (data.flat(Infinity) as unknown[]) : (data as unknown[]);
  if (flat.length !== size)
    throw new HttpError(400, `${where}: "data" has ${flat.length} values, its shape holds ${size}`);
  const wrong = flat.findIndex((v) => typeof v !== 'number');
  if (wrong !== -1)
    throw new HttpError(400, `${where}: value ${wrong} is ${JSON.stringify(flat[wrong])}, expected a number`);
  return Float32Array.from(flat as number[]);
}

function readInputs(
  json: Record<string, unknown>,
  raw: Buffer,
  model: EdgeModel,
): Record<string, FloatTensor> {
  const tensors: Record<string, FloatTensor> = {};
  const symbols = new Map<string, number>();
  let offset = 0;
  for (const input of list(json['inputs'], 'inputs')) {
    const name = String(input['name']);
    const where = `input "${name}"`;
    const spec = model.signature.inputs.find((i) => i.name === name);
    const known = model.signature.inputs.map((i) => i.name).join(', ');
    if (!spec) throw new HttpError(400, `${where} is not known; the model has ${known}`);
    if (tensors[name]) throw new HttpError(400, `${where} is given twice`);
    if (input['datatype'] !== 'FP32')
      throw new HttpError(400, `${where}: datatype ${JSON.stringify(input['datatype'])} does not fit FP32`);
    const shape = checkShape(input['shape'], spec, symbols);
    const size = sizeOf(shape);
    const binarySize = parametersOf(input, where)['binary_data_size'];
    if (binarySize === undefined) {
      tensors[name] = { shape, data: jsonValues(input['data'], size, where) };
      continue;
    }
    if (binarySize !== size * 4 || offset + binarySize > raw.length)
      throw new HttpError(
        400,
        `${where}: binary_data_size must be ${size * 4}, and as many bytes must follow the JSON`,
      );
    tensors[name] = {
      shape,
      data: new Float32Array(raw.buffer.slice(raw.byteOffset + offset, raw.byteOffset + offset + binarySize)),
    };
    offset += binarySize;
  }
  if (offset !== raw.length) throw new HttpError(400, `${raw.length - offset} bytes follow the last tensor`);
  const missing = model.signature.inputs.filter((i) => !tensors[i.name]).map((i) => `"${i.name}"`);
  if (missing.length > 0) throw new HttpError(400, `missing input ${missing.join(', ')}`);
  return tensors;
}

function requestedOutputs(json: Record<string, unknown>, model: EdgeModel): RequestedOutput[] {
  const binaryByDefault = parametersOf(json, 'request')['binary_data_output'] === true;
  const known = model.signature.outputs.map((o) => o.name);
  if (json['outputs'] === undefined) return known.map((name) => ({ name, binary: binaryByDefault }));
  return list(json['outputs'], 'outputs').map((output) => {
    const name = String(output['name']);
    if (!known.includes(name))
      throw new HttpError(400, `output "${name}" is not known; the model has ${known.join(', ')}`);
    const binary = parametersOf(output, `output "${name}"`)['binary_data'];
    return { name, binary: typeof binary === 'boolean' ? binary : binaryByDefault };
  });
}

/** Metadata of the model: `GET /v2/models/{m}`. */
export function modelMetadata(model: EdgeModel): Record<string, unknown> {
  const tensors = (specs: readonly TensorSpec[]) =>
    specs.map((s) => ({
      name: s.name,
      datatype: 'FP32',
      shape: s.shape.map((d) => (typeof d === 'number' ? d : -1)),
    }));
  return {
    name: model.manifest.name,
    versions: [model.manifest.version],
    platform: 'onnx_onnxruntimev1',
    inputs: tensors(model.signature.inputs),
    outputs: tensors(model.signature.outputs),
  };
}

/**
 * Checks an inference request, runs all its rows in one call of the model, and builds the response;
 * HttpError 400.
 */
export async function infer(model: EdgeModel, body: InferenceBody): Promise<Reply> {
  const { json, raw } = splitBody(body);
  const id = json['id'];
  if (id !== undefined && typeof id !== 'string') throw new HttpError(400, '"id" must be a string');
  const outputs = requestedOutputs(json, model);
  const results = await model.infer(readInputs(json, raw, model));
  const binary: Buffer[] = [];
  const described = outputs.map((output) => {
    const { shape, data } = results[output.name] as FloatTensor;
    const head = { name: output.name, datatype: 'FP32', shape };
    if (!output.binary) return { ...head, data: jsonNumbers(data, output.name) };
    binary.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return { ...head, parameters: { binary_data_size: data.byteLength } };
  });
  const reply = {
    model_name: model.manifest.name,
    model_version: model.manifest.version,
    id,
    outputs: described,
  };
  if (binary.length === 0) return { body: reply };
  const head = Buffer.from(JSON.stringify(reply));
  return { body: Buffer.concat([head, ...binary]), headers: { [BINARY_HEADER]: head.length } };
}

/**
 * JSON has no NaN or infinity, and null would be taken for a number by somebody: refused, in binary
 * they pass.
 */
function jsonNumbers(data: Float32Array, name: string): number[] {
  const values = Array.from(data);
  const wrong = values.findIndex((v) => !Number.isFinite(v));
  if (wrong !== -1)
    throw new HttpError(
      422,
      `output "${name}": value ${wrong} is ${values[wrong]}, which JSON cannot carry; ask for binary data`,
    );
  return values;
}
