interface ElementType {
  readonly name: string;
  /** 0: of no fixed size. */
  readonly bits: number;
  /** The field of TensorProto that holds its values when they are not in raw_data. */
  readonly field: 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data' | 'stringData';
  /** Entries of that field for n values; n when absent. */
  readonly entries?: (n: number) => number;
}

const packed = (per: number) => (n: number) => Math.ceil(n / per);
const pairs = (n: number): number => 2 * n;

/** TensorProto.DataType by number (onnx.proto); 0 is undefined. */
const ELEMENT_TYPES: readonly (ElementType | undefined)[] = [
  undefined,
  { name: 'float32', bits: 32, field: 'floatData' },
  { name: 'uint8', bits: 8, field: 'int32Data' },
  { name: 'int8', bits: 8, field: 'int32Data' },
  { name: 'uint16', bits: 16, field: 'int32Data' },
  { name: 'int16', bits: 16, field: 'int32Data' },
  { name: 'int32', bits: 32, field: 'int32Data' },
  { name: 'int64', bits: 64, field: 'int64Data' },
  { name: 'string', bits: 0, field: 'stringData' },
  { name: 'bool', bits: 8, field: 'int32Data' },
  { name: 'float16', bits: 16, field: 'int32Data' },
  { name: 'float64', bits: 64, field: 'doubleData' },
  { name: 'uint32', bits: 32, field: 'uint64Data' },
  { name: 'uint64', bits: 64, field: 'uint64Data' },
  { name: 'complex64', bits: 64, field: 'floatData', entries: pairs },
  { name: 'complex128', bits: 128, field: 'doubleData', entries: pairs },
  { name: 'bfloat16', bits: 16, field: 'int32Data' },
  { name: 'float8e4m3fn', bits: 8, field: 'int32Data' },
  { name: 'float8e4m3fnuz', bits: 8, field: 'int32Data' },
  { name: 'float8e5m2', bits: 8, field: 'int32Data' },
  { name: 'float8e5m2fnuz', bits: 8, field: 'int32Data' },
  { name: 'uint4', bits: 4, field: 'int32Data', entries: packed(2) },
  { name: 'int4', bits: 4, field: 'int32Data', entries: packed(2) },
  { name: 'float4e2m1', bits: 4, field: 'int32Data', entries: packed(2) },
  { name: 'float8e8m0', bits: 8, field: 'int32Data' },
  { name: 'uint2', bits: 2, field: 'int32Data', entries: packed(4) },
  { name: 'int2', bits: 2, field: 'int32Data', entries: packed(4) },
];

/** What is known of an element type; undefined for a number that ONNX does not define. */
export function elementType(number: number | undefined): ElementType | undefined {
  return ELEMENT_TYPES[number ?? 0];
}
