import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withTempFolder } from '../../base/temp-folder.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ModelRuntime, RuntimeHooks, ScoreJob } from '../../ports/model-runtime.ts';
import { describeEnd } from '../../base/command-end.ts';
import { cleanEnvironment } from '../process/clean-environment.ts';
import { compileCache } from '../process/compile-cache.ts';
import { runCommand } from '../process/run-command.ts';
import { receiveModel } from './receive-model.ts';
import type { GateAnswer, GateRequest, ScoreAnswer, ScoreRequest, ScoreTask } from './protocol.ts';

const SCRIPTS = {
  gate: fileURLToPath(new URL('./gate-process.ts', import.meta.url)),
  score: fileURLToPath(new URL('./score-process.ts', import.meta.url)),
};
const MAX_HEAP_MB = 2048;

interface OnnxModelRuntimeOptions {
  /** For reading or exercising one model; scoring may take ten times as long. */
  readonly timeoutMs?: number;
  /**
   * What the process may allocate (RLIMIT_DATA; Linux), so that a model that asks for more fails
   * alone.
   */
  readonly memoryMb?: number;
}

/** The command under a limit of memory; `exec` keeps the process id that the timeout ends. */
function limited(command: readonly [string, ...string[]], memoryMb: number): [string, ...string[]] {
  if (process.platform === 'win32') return [...command];
  return ['/bin/sh', '-c', `ulimit -d ${memoryMb * 1024}; exec "$@"`, 'sh', ...command];
}

interface Call extends RuntimeHooks {
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

/**
 * Sends one request to a child process and ends it when it takes too long; if it dies, the model is
 * to blame, not Windlass.
 */
async function ask<A extends { error: { code: string; message: string } } | object>(
  script: keyof typeof SCRIPTS,
  request: GateRequest | ScoreRequest,
  call: Call & { readonly folder: string },
): Promise<Exclude<A, { error: unknown }>> {
  const { folder } = call;
  const requestFile = join(folder, 'request.json');
  const answerFile = join(folder, 'answer.json');
  await writeFile(requestFile, JSON.stringify(request));
  const result = await runCommand({
    command: limited(
      [
        process.execPath,
        `--max-old-space-size=${MAX_HEAP_MB}`,
        '--expose-gc',
        '--disable-warning=ExperimentalWarning',
        SCRIPTS[script],
        requestFile,
        answerFile,
      ],
      call.memoryMb,
    ),
    cwd: folder,
    env: { ...cleanEnvironment(), ...compileCache(), ORT_DISABLE_TELEMETRY: '1' },
    logFile: join(folder, 'log.txt'),
    pidFile: join(folder, 'process.json'),
    timeoutMs: call.timeoutMs,
    signal: call.signal,
    onLine: (line, stream) => {
      if (stream === 'stdout') call.onProgress?.(line);
    },
  });
  if (!existsSync(answerFile))
    throw new WindlassError(
      'MODEL_INVALID',
      `The process that opened the model ended without an answer: ${describeEnd(result)}.`,
      { details: { lastLines: result.lastLines } },
    );
  const answer = JSON.parse(await readFile(answerFile, 'utf8')) as A;
  if ('error' in answer) {
    const { code, message } = answer.error as { code: string; message: string };
    throw new WindlassError(code === 'MODEL_INVALID' ? 'MODEL_INVALID' : 'INTERNAL', message);
  }
  return answer as Exclude<A, { error: unknown }>;
}

const bytesOf = (values: Float32Array | Uint32Array): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/**
 * Model runtime over ONNX Runtime on the CPU; each call has a process of its own, ended after
 * `timeoutMs`.
 */
export function createOnnxModelRuntime({
  timeoutMs = 180_000,
  memoryMb = 4096,
}: OnnxModelRuntimeOptions = {}): ModelRuntime {
  /** The one part of the answer of a gate process that was asked for. */
  const gate = <K extends 'structures' | 'behaviour' | 'profile' | 'written'>(
    part: K,
    request: GateRequest,
    hooks: RuntimeHooks = {},
  ): Promise<Extract<GateAnswer, Record<K, unknown>>[K]> =>
    withTempFolder(async (folder) => {
      const answer = await ask<GateAnswer>('gate', request, { ...hooks, timeoutMs, memoryMb, folder });
      if (!(part in answer)) throw new WindlassError('INTERNAL', 'the gate process gave another answer');
      return (answer as Extract<GateAnswer, Record<K, unknown>>)[part];
    });
  return {
    receive: receiveModel,
    inspect: (modelFiles, { maxBytes, ...hooks }) =>
      gate('structures', { task: 'inspect', modelFiles, maxBytes }, hooks),
    exercise: (request, hooks) => gate('behaviour', { task: 'exercise', ...request }, hooks),
    profile: (request, hooks) => gate('profile', { task: 'profile', ...request }, hooks),
    optimise: async (model, hooks) => void (await gate('written', { task: 'optimise', ...model }, hooks)),
    predictGolden: async (request, hooks) =>
      void (await gate('written', { task: 'predict-golden', ...request }, hooks)),
    score: (jobs, hooks = {}) =>
      withTempFolder(async (folder) => {
        const tasks = await Promise.all(jobs.map((job, i) => writeTask(folder, job, i)));
        await ask<ScoreAnswer>('score', { tasks }, { ...hooks, timeoutMs: timeoutMs * 10, memoryMb, folder });
        return Promise.all(
          tasks.map(async ({ scoresFile }) => {
            const bytes = await readFile(scoresFile);
            return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
          }),
        );
      }),
  };
}

async function writeTask(folder: string, job: ScoreJob, index: number): Promise<ScoreTask> {
  const file = (kind: string): string => join(folder, `${index}.${kind}`);
  await writeFile(file('values'), bytesOf(job.values));
  await writeFile(file('rows'), bytesOf(Uint32Array.from(job.rows)));
  return {
    modelFile: job.modelFile,
    valuesFile: file('values'),
    rowsFile: file('rows'),
    scoresFile: file('scores'),
    columns: job.columns,
    window: job.window,
    calibration: job.calibration.map(({ name, shape, values }) => ({ name, shape, values: [...values] })),
    input: job.input,
    output: job.output,
  };
}
