import { obtainPart } from '../../src/local-system/outside-parts/obtain-part.ts';
import type { Found } from '../../src/local-system/outside-parts/part.ts';
import type { PartName } from '../../src/local-system/outside-parts/table.ts';

type Prepared = Partial<Record<PartName, Found>>;

/**
 * A part as jest's global setup prepared it; a run of chosen files prepares none, so that the first
 * file that needs a part obtains it.
 */
export async function testPart(name: PartName): Promise<Found> {
  const prepared = (JSON.parse(process.env.WINDLASS_TEST_PARTS ?? '{}') as Prepared)[name];
  if (prepared !== undefined) return prepared;
  try {
    return await obtainPart(name, { report: (message) => process.stderr.write(`${name}: ${message}\n`) });
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** The path of a part; throws what was tried where it cannot be had. */
export async function partPath(name: PartName): Promise<string> {
  const part = await testPart(name);
  if ('missing' in part) throw new Error(part.missing);
  return part.path;
}

/** Why one of the parts cannot be had, or nothing when all are here. */
export async function missingPart(...names: readonly PartName[]): Promise<string | undefined> {
  for (const name of names) {
    const part = await testPart(name);
    if ('missing' in part) return part.missing;
  }
  return undefined;
}
