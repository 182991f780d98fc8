import type { PipelineVersion } from '../contracts/build/pipeline-version.ts';
import { parseReference } from '../domain/registry/reference.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import type { PipelineRegistry } from '../ports/registry/pipelines.ts';

/**
 * The published version that `name@version`, `name@latest` or a name alone (its latest) means;
 * throws INPUT_INVALID, and NOT_FOUND that says what there is.
 */
export async function findPipeline(
  registry: Pick<PipelineRegistry, 'pipeline' | 'pipelines'>,
  reference: string,
): Promise<PipelineVersion> {
  const parsed = parseReference(reference);
  if (parsed === undefined)
    throw new WindlassError(
      'INPUT_INVALID',
      `"${reference}" is not a pipeline: expected name or name@version, e.g. pump-health@3.`,
    );
  const { name, version = 'latest' } = parsed;
  const found = await registry.pipeline(name, version);
  if (found !== undefined) return found;
  const known = (await registry.pipelines(name)).map((pipeline) => pipeline.version);
  throw new WindlassError(
    'NOT_FOUND',
    known.length === 0
      ? `No pipeline "${name}" is published.`
      : `There is no pipeline version ${reference}; published are ${known.slice(0, 10).join(', ')}.`,
    { hint: '`windlass train` publishes one; `windlass pipelines list` shows what is published.' },
  );
}
