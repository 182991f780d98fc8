import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { GateResult } from '../../../contracts/gate.ts';
import { ERRORS } from '../../../errors/table.ts';
import type { Cli } from '../../cli.ts';
import { table } from '../../shared/output.ts';
import type { Output } from '../../shared/output.ts';
import { GATE_MARK, verdictOf, type Verdict } from './gate-view.ts';
import { readProjectSpec } from './project-spec.ts';

/** A model that does not answer within this is not fit for a device. */
const TIMEOUT_MS = 120_000;

interface CheckModelOptions {
  readonly golden?: string;
  readonly project?: string;
}

/**
 * The verdict on a model: what could not be judged only because no golden rows were given is no
 * failure, but never a pass; a golden file that is too short is one.
 */
export function modelVerdict(gates: readonly GateResult[], golden: boolean): Verdict {
  if (golden) return verdictOf(gates);
  return verdictOf(gates.map((g) => (g.status === 'insufficient' ? { ...g, status: 'warn' } : g)));
}

const shorten = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;

/** Every gate with what was seen, what is allowed and why. */
function modelText(gates: readonly GateResult[], verdict: Verdict, c: Output['colors']): string {
  const show = (value: GateResult['observed']): string => {
    return value === null ? '–' : shorten(String(value), 28);
  };
  const others = gates.filter((gate) => gate.status !== 'pass');
  return [
    table(
      ['GATE', 'VERDICT', 'OBSERVED', 'ALLOWED', 'N', 'WHY'],
      gates.map((g) => [
        g.name,
        GATE_MARK[g.status](c),
        show(g.observed),
        show(g.threshold),
        String(g.n ?? ''),
        shorten(g.reason, 160),
      ]),
    ),
    '',
    `${verdict}: ${others.length} of ${gates.length} gates complain`,
  ].join('\n');
}

/** `windlass check model`: the model gates alone, on a file from anywhere, without any service. */
export function registerCheckModel(check: Command, cli: Cli): void {
  check
    .command('model')
    .description('judge an ONNX model as a build would, without a server; nothing is kept')
    .argument('<file>', 'the .onnx file itself')
    .option('--golden <file>', "golden.json: rows with the training framework's own predictions")
    .option('--project <path>', 'folder with the windlass.yaml that says what the model should be')
    .addHelpText(
      'after',
      `
The file is read and judged first; a runtime opens it only when that passes, in a process with limits of time and memory. Verdicts: pass,
warn, fail (exit code ${ERRORS.GATE_FAILED.exit}). Without --project the model is held to its own signature and to default limits; without
--golden nothing can be said about parity, which warns.

Examples:
  $ windlass check model out/model.onnx --golden out/golden.json --project examples/pump-health
  $ windlass check model downloaded.onnx
  $ windlass check model out/model.onnx --json | jq .verdict
`,
    )
    .action(async (file: string, { golden, project }: CheckModelOptions) => {
      const spec = project === undefined ? undefined : await readProjectSpec(resolve(project));
      const { createOnnxModelRuntime } = await import('../../../adapters/onnx/onnx-model-runtime.ts');
      const { judgeFile } = await import('./judge-file.ts');
      const gates = await judgeFile(
        createOnnxModelRuntime({ timeoutMs: TIMEOUT_MS }),
        {
          model: resolve(file),
          golden: golden === undefined ? undefined : resolve(golden),
          spec,
        },
        { signal: cli.signal, report: (message) => cli.output.status(message) },
      );
      const verdict = modelVerdict(gates, golden !== undefined);
      cli.output.result({ verdict, gates }, () => modelText(gates, verdict, cli.output.colors));
      if (verdict === 'fail') process.exitCode = ERRORS.GATE_FAILED.exit;
    });
}
