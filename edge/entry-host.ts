import { access } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { CalibrationInputs } from './calibration.ts';
import type { Log } from './log.ts';
import type { EdgeModel } from './model.ts';
import { EXIT, ModuleFault } from './module-fault.ts';
import { messageOf } from '../src/base/error-message.ts';

/** What `run` is given: one window, row-major, and the calibration of this pump. */
export interface EntryData {
  readonly window: Float32Array;
  /** The model's calibration inputs by name, ready for `context.score`. */
  readonly calibration: CalibrationInputs;
  /** Device time of the window's last row, ISO 8601. */
  readonly endTime: string;
}

/** What `run` gives back: a scored window, or why it cannot be scored. */
export type EntryResult =
  { readonly probability: number; readonly alarm: boolean } | { readonly invalid: string };

export interface EntryTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | readonly number[];
}

/** What `init` is given. */
export interface EntryContext {
  readonly model: { readonly name: string; readonly version: string; readonly threshold: number };
  readonly log: Log;
  /** Folder of the entry script's assets. */
  readonly assets: string;
  /** Runs the model; names and shapes are the ONNX graph's own. */
  score(inputs: Readonly<Record<string, EntryTensor>>): Promise<Record<string, Float32Array>>;
}

export interface EntryOptions {
  /** Path of entry.js. */
  readonly path: string;
  readonly assets: string;
  readonly model: EdgeModel;
  readonly log: Log;
  /** How long `init` and each `run` may take, in ms. */
  readonly deadlineMs?: number;
}

interface EntryScript {
  init?: (context: EntryContext) => unknown;
  run: (data: EntryData, context: EntryContext) => unknown;
}

let instances = 0;

/** Imports a fresh instance of the script, as a new process would have. */
async function importEntry(path: string): Promise<EntryScript> {
  try {
    await access(path);
  } catch (error) {
    throw new ModuleFault(EXIT.entryMissing, `the entry script ${path} cannot be read`, { cause: error });
  }
  instances += 1;
  let script: Partial<EntryScript>;
  try {
    script = (await import(`${pathToFileURL(path).href}?instance=${instances}`)) as Partial<EntryScript>;
  } catch (error) {
    throw new ModuleFault(EXIT.entryMissing, `the entry script does not load: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (typeof script.run !== 'function')
    throw new ModuleFault(
      EXIT.entryMissing,
      'the entry script does not export a function run(data, context)',
    );
  if (script.init !== undefined && typeof script.init !== 'function')
    throw new ModuleFault(EXIT.entryMissing, 'the entry script exports init, but it is not a function');
  return script as EntryScript;
}

function contextOf(options: EntryOptions): EntryContext {
  const { name, version, threshold } = options.model.manifest;
  return {
    model: Object.freeze({ name, version, threshold }),
    log: options.log,
    assets: options.assets,
    async score(inputs) {
      const tensors = Object.entries(inputs).map(([input, tensor]) => {
        const data = tensor.data instanceof Float32Array ? tensor.data : Float32Array.from(tensor.data);
        return [input, { shape: tensor.shape, data }] as const;
      });
      const outputs = await options.model.infer(Object.fromEntries(tensors));
      return Object.fromEntries(Object.entries(outputs).map(([output, tensor]) => [output, tensor.data]));
    },
  };
}

/** Runs a step of the script under a deadline; whatever it throws ends the module. */
async function guarded(
  step: () => unknown,
  options: { what: string; exitCode: number; deadlineMs: number },
): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ModuleFault(EXIT.entryTimeout, `${options.what} took longer than ${options.deadlineMs} ms`));
    }, options.deadlineMs);
  });
  try {
    return await Promise.race([(async () => step())(), late]);
  } catch (error) {
    if (error instanceof ModuleFault) throw error;
    throw new ModuleFault(options.exitCode, `${options.what} threw ${messageOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function checkResult(value: unknown): EntryResult {
  if (typeof value === 'object' && value !== null) {
    if ('invalid' in value && typeof value.invalid === 'string') return { invalid: value.invalid };
    if (
      'probability' in value &&
      'alarm' in value &&
      typeof value.probability === 'number' &&
      typeof value.alarm === 'boolean'
    ) {
      const { probability, alarm } = value;
      // A missing reading makes the model's output not a number: no score, but no reason to fall
      // over either.
      if (!Number.isFinite(probability)) return { invalid: 'the probability is not finite' };
      if (probability >= 0 && probability <= 1) return { probability, alarm };
    }
  }
  throw new ModuleFault(
    EXIT.entryResult,
    `run must return {probability: 0..1, alarm: boolean} or {invalid: string}, not ${JSON.stringify(value)}`,
  );
}

/**
 * The user's entry script in this process: an exception in it is a ModuleFault, which ends the
 * module.
 */
export interface EntryHost {
  run(data: EntryData): Promise<EntryResult>;
}

/**
 * Loads the entry script and runs its `init`; throws a ModuleFault when it does not load, export
 * `run` or start.
 */
export async function openEntry(options: EntryOptions): Promise<EntryHost> {
  const deadlineMs = options.deadlineMs ?? 10_000;
  const script = await importEntry(options.path);
  const context = contextOf(options);
  if (script.init) {
    const init = script.init;
    await guarded(() => init(context), {
      what: 'init of the entry script',
      exitCode: EXIT.entryInit,
      deadlineMs,
    });
  }
  return {
    async run(data) {
      const what = 'run of the entry script';
      return checkResult(
        await guarded(() => script.run(data, context), { what, exitCode: EXIT.entryRun, deadlineMs }),
      );
    },
  };
}
