import { WindlassError } from '../../errors/windlass-error.ts';
import { alone } from './lock.ts';
import { cacheFolder } from './look.ts';
import type { Environment, PartSource, SourceContext } from './part.ts';
import { OUTSIDE_PARTS, type PartName } from './table.ts';

export interface PartOptions {
  readonly env?: Environment;
  readonly report?: (message: string) => void;
  /** Instead of the sources of the table. */
  readonly sources?: readonly PartSource[];
}

export interface FoundPart {
  readonly path: string;
  /** The name of the source that had it. */
  readonly source: string;
}

interface Tried {
  readonly source: string;
  readonly result: string;
}

function contextOf({ env = process.env, report = () => undefined }: PartOptions): SourceContext {
  return { env, cacheDir: cacheFolder(env), report };
}

async function firstOf(
  sources: readonly PartSource[],
  context: SourceContext,
): Promise<FoundPart | { tried: Tried[] }> {
  const tried: Tried[] = [];
  for (const source of sources) {
    const found = await source.find(context);
    if ('path' in found) return { path: found.path, source: source.name };
    tried.push({ source: source.name, result: found.missing });
  }
  return { tried };
}

/** Where a part is on this machine; neither downloads nor builds. */
export async function findPart(name: PartName, options: PartOptions = {}): Promise<FoundPart | undefined> {
  const sources: readonly PartSource[] = options.sources ?? OUTSIDE_PARTS[name].sources;
  const found = await firstOf(
    sources.filter((source) => source.makes !== true),
    contextOf(options),
  );
  return 'path' in found ? found : undefined;
}

/**
 * A part from the first source that has it. Two processes never make the same part at once: the
 * second waits, and then finds it. Throws TEMPORAL_UNAVAILABLE, which lists all that was tried.
 */
export async function obtainPart(name: PartName, options: PartOptions = {}): Promise<FoundPart> {
  const there = await findPart(name, options);
  if (there !== undefined) return there;
  const { title, hint } = OUTSIDE_PARTS[name];
  const sources: readonly PartSource[] = options.sources ?? OUTSIDE_PARTS[name].sources;
  const context = contextOf(options);
  const found = await alone(name, context, () => firstOf(sources, context));
  if ('path' in found) return found;
  const list = found.tried.map((t) => `${t.source}: ${t.result}`).join('; ');
  throw new WindlassError(
    'TEMPORAL_UNAVAILABLE',
    `${title} was not found and could not be had. Tried: ${list}.`,
    {
      hint,
      details: { tried: found.tried },
    },
  );
}
