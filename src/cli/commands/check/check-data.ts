import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { GateResult } from '../../../contracts/gate.ts';
import type { SampleRow } from '../../../domain/data/gate-parts.ts';
import { ERRORS } from '../../../errors/table.ts';
import { systemClock } from '../../../base/clock.ts';
import type { Cli } from '../../cli.ts';
import { table } from '../../shared/output.ts';
import type { Output } from '../../shared/output.ts';
import { GATE_MARK, verdictOf } from './gate-view.ts';
import { judgeData } from './judge-data.ts';
import type { JudgedData } from './judge-data.ts';
import { readProjectSpec } from './project-spec.ts';

function rowsOf(gate: GateResult): SampleRow[] {
  return Array.isArray(gate.evidence?.rows) ? (gate.evidence.rows as SampleRow[]) : [];
}

function sampleTable(gates: readonly GateResult[]): string[] {
  const rows = gates.flatMap((gate) => rowsOf(gate).map((row) => ({ gate, row })));
  if (rows.length === 0) return [];
  const text = (value: unknown): string => (value === undefined ? '' : String(value));
  return [
    '',
    table(
      ['GATE', 'FILE', 'ROW', 'COLUMN', 'VALUE', 'PROBLEM'],
      rows.map(({ gate, row }) => [
        gate.name,
        row.file,
        row.line === 0 ? '' : String(row.line),
        text(row.column),
        text(row.value),
        row.problem.replace(/^line \d+: /, ''),
      ]),
    ),
  ];
}

/** Every gate with its verdict, then the rows that show what the others complain of. */
function dataText({ gates, files, rows }: JudgedData, c: Output['colors']): string {
  const others = gates.filter((gate) => gate.status !== 'pass');
  return [
    table(
      ['GATE', 'VERDICT', 'WHY'],
      gates.map((gate) => [gate.name, GATE_MARK[gate.status](c), gate.reason]),
    ),
    ...sampleTable(others),
    '',
    `${verdictOf(gates)}: ${files} files, ${rows} rows, ${others.length} of ${gates.length} gates complain`,
  ].join('\n');
}

/** `windlass check data`: the data gates alone, on data where they lie, without any service. */
export function registerCheckData(check: Command, cli: Cli): void {
  check
    .command('data')
    .description('judge training data as a build would, without a server; nothing is kept')
    .argument('<source>', 'file, folder, glob, az://ACCOUNT/CONTAINER/PREFIX or sql:QUERY.sql#FOLDER')
    .option('--project <path>', 'folder with the windlass.yaml that says what the data should be', '.')
    .addHelpText(
      'after',
      `
Verdicts: pass, warn (a build goes on), fail (a build refuses the data; exit code ${ERRORS.DATA_INVALID.exit}). ROW is the line of the file, for
Parquet the row's number. Thresholds stand in windlass.yaml under data.gates.

Examples:
  $ windlass check data data/pumps --project examples/pump-health
  $ windlass check data 'data/**/2026-*.csv' --project . --json
  $ windlass check data az://acme/measurements/pumps --project .
`,
    )
    .action(async (where: string, { project }: { project: string }) => {
      const spec = await readProjectSpec(resolve(project));
      const { createDataSources } = await import('../../../adapters/data-source/data-sources.ts');
      const { sensorFiles } = await import('../../../adapters/duckdb/sensor-files.ts');
      const { values } = await cli.config();
      const sources = createDataSources(values.azure);
      const source = await sources.open(where, { cwd: process.cwd(), timestamp: spec.data.timestamp });
      try {
        const judged = await judgeData(source, spec, {
          files: sensorFiles,
          now: systemClock.now().getTime(),
          onProgress: (message) => cli.output.status(message),
          signal: cli.signal,
        });
        const verdict = verdictOf(judged.gates);
        cli.output.result({ verdict, gates: judged.gates }, () => dataText(judged, cli.output.colors));
        if (verdict === 'fail') process.exitCode = ERRORS.DATA_INVALID.exit;
      } finally {
        await source.close();
      }
    });
}
