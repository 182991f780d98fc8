import { bytes, constant, encodeGraph, int, node, tensorInfo } from './onnx-encode.ts';
import { attribute, FLAG, scoring, withParts } from './hostile-models.ts';

const int64 = (name: string, values: readonly number[], scalar = false): Buffer =>
  Buffer.concat([
    ...(scalar ? [] : [int(1, values.length)]),
    int(2, 7),
    bytes(8, name),
    bytes(9, Buffer.from(new BigInt64Array(values.map(BigInt)).buffer)),
  ]);

/** [N] that is `level` plus 0 × the sum of a tensor of this shape that is made at run time. */
const swollen = (nodes: readonly Buffer[], constants: readonly Buffer[]): Buffer =>
  scoring(
    [
      ...nodes,
      node('ReduceSum', ['big'], 'sum', { keepdims: 0 }),
      node('Mul', ['sum', 'zero'], 'nothing'),
      node('Add', ['level', 'nothing'], 'swollen'),
      node('Sigmoid', ['swollen'], 'probability'),
    ],
    { constants: [...constants, constant('zero', [], [0])] },
  );

/** Models that look sound, and must be ended or refused while they are opened or run. */
export const RUNTIME_BOMBS = {
  /** Ten gigabytes of zeros. */
  memory: swollen([node('ConstantOfShape', ['shape'], 'big')], [int64('shape', [2_684_354_560])]),
  /** Powers of a matrix that the runtime computes when it opens the model. */
  loading: swollen(
    [
      node('ConstantOfShape', ['shape'], 'ones'),
      ...Array.from({ length: 60 }, (_, i) =>
        node('MatMul', [i === 0 ? 'ones' : `m${i - 1}`, 'ones'], `m${i}`),
      ),
      node('Identity', ['m59'], 'big'),
    ],
    [int64('shape', [4000, 4000])],
  ),
  /** A loop of 10¹² rounds; for projects that allow control flow. */
  loop: scoring(
    [
      withParts(
        node('Loop', ['trips', 'flag', 'level'], 'looped'),
        attribute(
          'body',
          6,
          encodeGraph({
            nodes: [node('Identity', ['go'], 'go_on'), node('Neg', ['value'], 'next')],
            constants: [],
            inputs: [tensorInfo('i', [], 7), tensorInfo('go', [], 9), tensorInfo('value', ['N'])],
            outputs: [tensorInfo('go_on', [], 9), tensorInfo('next', ['N'])],
          }),
        ),
      ),
      node('Sigmoid', ['looped'], 'probability'),
    ],
    { constants: [int64('trips', [1_000_000_000_000], true), FLAG] },
  ),
} as const;
