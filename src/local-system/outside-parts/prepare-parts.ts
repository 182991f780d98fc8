import { obtainPart } from './obtain-part.ts';
import type { Found } from './part.ts';
import { reasonOf } from './run-and-tell.ts';
import { OUTSIDE_PARTS, type PartName } from './table.ts';

export const PART_NAMES = Object.keys(OUTSIDE_PARTS) as readonly PartName[];

/**
 * Finds, fetches or builds the parts, side by side where that helps, and tells the progress; never
 * throws: the answer says what is missing.
 */
export async function prepareParts(
  names: readonly PartName[],
  report: (message: string) => void,
): Promise<Partial<Record<PartName, Found>>> {
  const prepared = names.map(async (name): Promise<[PartName, Found]> => {
    try {
      const { path } = await obtainPart(name, { report: (message) => report(`${name}: ${message}`) });
      return [name, { path }];
    } catch (error) {
      return [name, { missing: reasonOf(error) }];
    }
  });
  return Object.fromEntries(await Promise.all(prepared));
}
