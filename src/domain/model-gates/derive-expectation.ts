import type { ModelExpectation } from '../../contracts/model/model-expectation.ts';
import type { ModelStructure, ModelValue } from '../../contracts/model/model-structure.ts';
import { statedColumns } from './feature-order.ts';

/** Above this a probability is an alarm, where no windlass.yaml says otherwise. */
const THRESHOLD = 0.5;

/**
 * The shape of one row; undefined when it is not float32 with a free batch and fixed other
 * dimensions.
 */
function rowShape({ kind, elementType, shape }: ModelValue): number[] | undefined {
  if (kind !== 'tensor' || elementType !== 'float32' || shape === null) return undefined;
  const [batch, ...rest] = shape;
  const fixed = rest.filter((d) => typeof d === 'number');
  return batch === undefined || typeof batch === 'number' || fixed.length < rest.length ? undefined : fixed;
}

const shown = ({ name, kind, elementType, shape }: ModelValue): string =>
  `${name} is ${kind === 'tensor' ? elementType : kind}${shape === null ? '' : ` [${shape.map((d) => d ?? '?').join(', ')}]`}`;

/**
 * What a model is asked to be when no windlass.yaml says so: its own signature, if a device can
 * serve it. The input with most numbers per row takes the readings ([N, window, columns] or [N,
 * columns]), the others are calibration; the one output gives a probability per row. Otherwise what
 * stands in the way.
 */
export function deriveExpectation(
  structure: Pick<ModelStructure, 'inputs' | 'outputs' | 'metadata'>,
): ModelExpectation | { readonly problems: string[] } {
  const { inputs, outputs } = structure;
  const problems: string[] = [];
  const rows = inputs.flatMap((value) => {
    const shape = rowShape(value);
    if (shape !== undefined) return [{ name: value.name, shape }];
    problems.push(`${shown(value)}, expected float32 with a free first dimension and fixed others`);
    return [];
  });
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const [main, ...calibration] = rows.toSorted((a, b) => size(b.shape) - size(a.shape));
  const [window, columns] = main?.shape.length === 1 ? [null, main.shape[0]] : (main?.shape ?? []);
  if (inputs.length === 0) problems.push('the model has no input');
  else if (main !== undefined && (main.shape.length < 1 || main.shape.length > 2))
    problems.push(
      `${main.name} has ${main.shape.length + 1} dimensions, expected [N, columns] or [N, window, columns]`,
    );
  const [output] = outputs;
  if (output === undefined || outputs.length > 1)
    problems.push(
      `the model has ${outputs.length} outputs (${outputs.map((o) => o.name).join(', ')}), expected one; windlass.yaml can name it`,
    );
  else if (rowShape(output)?.length !== 0) problems.push(`${shown(output)}, expected float32 [N]`);
  if (problems.length > 0 || main === undefined || output === undefined) return { problems };
  const names = statedColumns(structure);
  return {
    window: window ?? null,
    columns: Array.from({ length: columns ?? 0 }, (_, i) => ({
      name: names?.[i] ?? `column ${i + 1}`,
      min: -1,
      max: 1,
    })),
    observedRanges: true,
    input: main.name,
    calibration,
    output: output.name,
    threshold: THRESHOLD,
  };
}
