import { z } from 'zod';
import type { Coverage } from '../../../src/domain/checks/check-results.ts';
import { firstCharacter, readJson, ReportProblem } from './report-file.ts';
import { walkXml } from './xml.ts';

function share(covered: number, lines: number): Coverage {
  if (!(Number.isInteger(covered) && Number.isInteger(lines) && covered >= 0 && covered <= lines))
    throw new ReportProblem(`says that ${covered} of ${lines} lines are covered`);
  return { covered, lines, percent: lines === 0 ? 0 : Math.round((10_000 * covered) / lines) / 100 };
}

/**
 * Cobertura: `lines-covered` of `lines-valid`, or its `line` elements where the root does not say.
 */
async function readCobertura(file: string): Promise<Coverage> {
  let root: Readonly<Record<string, string>> | undefined;
  let lines = 0;
  let covered = 0;
  await walkXml(file, {
    open: (name, attributes, path) => {
      if (path.length === 0) {
        if (name !== 'coverage')
          throw new ReportProblem(`begins with <${name.slice(0, 40)}>, not <coverage>`);
        root = attributes;
      }
      // Methods repeat lines of their class.
      if (name === 'line' && !path.includes('method')) {
        lines += 1;
        if (attributes['hits'] !== '0') covered += 1;
      }
    },
  });
  const valid = root?.['lines-valid'];
  return valid === undefined ? share(covered, lines) : share(Number(root?.['lines-covered']), Number(valid));
}

const coverageJson = z.object({
  totals: z.object({ covered_lines: z.number(), num_statements: z.number() }),
});

/** What Python's `coverage json` writes. */
async function readCoverageJson(file: string): Promise<Coverage> {
  const parsed = coverageJson.safeParse(await readJson(file));
  if (!parsed.success) throw new ReportProblem('has no totals.covered_lines and totals.num_statements');
  return share(parsed.data.totals.covered_lines, parsed.data.totals.num_statements);
}

/** Covered lines of a Cobertura XML report or of a coverage.json. Throws ReportProblem. */
export async function readCoverage(file: string): Promise<Coverage> {
  return (await firstCharacter(file)) === '{' ? readCoverageJson(file) : readCobertura(file);
}
