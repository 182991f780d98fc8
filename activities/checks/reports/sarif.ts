import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Findings } from '../../../src/domain/checks/check-results.ts';
import { readJson, ReportProblem } from './report-file.ts';

const LEVELS = ['error', 'warning', 'note', 'none'] as const;
const level = z.enum(LEVELS);
const rule = z.object({
  id: z.string().optional(),
  defaultConfiguration: z.object({ level: level.optional() }).optional(),
});
const location = z.object({
  physicalLocation: z
    .object({
      artifactLocation: z.object({ uri: z.string().optional() }).optional(),
      region: z.object({ startLine: z.number().optional() }).optional(),
    })
    .optional(),
});
const result = z.object({
  message: z.object({ text: z.string().optional() }).optional(),
  locations: z.array(location).optional(),

  level: level.optional(),
  kind: z.string().optional(),
  ruleId: z.string().optional(),
  ruleIndex: z.number().int().optional(),
  rule: z.object({ id: z.string().optional(), index: z.number().int().optional() }).optional(),
  suppressions: z.array(z.object({ status: z.string().optional() })).optional(),
});
const run = z.object({
  tool: z.object({ driver: z.object({ name: z.string(), rules: z.array(rule).default([]) }) }),
  invocations: z.array(z.object({ executionSuccessful: z.boolean() })).default([]),
  results: z.array(result).nullish(),
});
const sarif = z.object({ version: z.string(), runs: z.array(run) });
type Run = z.output<typeof run>;

/**
 * The level of a result after SARIF 2.1.0 §3.27.10: its own, else its rule's, else "warning"; only
 * failures have one.
 */
function levelOf(found: z.output<typeof result>, { tool }: Run): (typeof LEVELS)[number] {
  if (found.kind !== undefined && found.kind !== 'fail') return 'none';
  if (found.level !== undefined) return found.level;
  const { rules } = tool.driver;
  const id = found.ruleId ?? found.rule?.id;
  const byIndex = rules[found.ruleIndex ?? found.rule?.index ?? -1];
  const its = byIndex ?? (id === undefined ? undefined : rules.find((r) => r.id === id));
  return its?.defaultConfiguration?.level ?? 'warning';
}

/** How many findings are quoted, and how long each may be. */
const SAMPLES = 10;
const LONGEST_SAMPLE = 200;

/** e.g. "F401 train.py:3: `os` imported but unused". */
function lineOf({ ruleId, rule: its, locations, message }: z.output<typeof result>, project: string): string {
  const place = locations?.[0]?.physicalLocation;
  const file = place?.artifactLocation?.uri?.replace(pathToFileURL(`${project}/`).href, '');
  const where = file === undefined ? undefined : `${file}:${place?.region?.startLine ?? ''}:`;
  const text = [ruleId ?? its?.id, where, message?.text].filter((part) => part !== undefined).join(' ');
  return text.replaceAll(/\s+/g, ' ').slice(0, LONGEST_SAMPLE);
}

/**
 * Counts the results of a SARIF report by level, and tells the first ones with paths below the
 * project; those that were accepted in the source count as suppressed. Throws ReportProblem.
 */
export async function readSarif(file: string, project: string): Promise<Findings> {
  const parsed = sarif.safeParse(await readJson(file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ReportProblem(`is no SARIF: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { runs } = parsed.data;
  if (runs.length === 0) throw new ReportProblem('holds no run of a tool');
  const counts = { errors: 0, warnings: 0, notes: 0, suppressed: 0 };
  const samples: { errors: string[]; warnings: string[] } = { errors: [], warnings: [] };
  for (const each of runs) {
    const tool = each.tool.driver.name;
    if (each.invocations.some((i) => !i.executionSuccessful))
      throw new ReportProblem(`says that ${tool} did not finish`);
    if (each.results === undefined || each.results === null)
      throw new ReportProblem(`has no results of ${tool}: it did not look`);
    for (const found of each.results) {
      const accepted = found.suppressions?.some((s) => (s.status ?? 'accepted') === 'accepted') === true;
      const its = levelOf(found, each);
      if (accepted) {
        counts.suppressed += 1;
      } else if (its === 'note') {
        counts.notes += 1;
      } else if (its !== 'none') {
        const kind = its === 'error' ? 'errors' : 'warnings';
        counts[kind] += 1;
        if (samples[kind].length < SAMPLES) samples[kind].push(lineOf(found, project));
      }
    }
  }
  return {
    ...counts,
    tools: runs.map((each) => each.tool.driver.name),
    samples: [...samples.errors, ...samples.warnings].slice(0, SAMPLES),
  };
}
