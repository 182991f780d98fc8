import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type * as Yaml from 'yaml';
import { WindlassError } from '../errors/windlass-error.ts';
import { configSchema, SETTINGS, type SettingInfo, type WindlassConfig } from './schema.ts';

const CONFIG_FILE = 'windlass.config.yaml';

/** Where a value came from: `name` is the flag, the variable, or the file. */
interface Origin {
  readonly source: 'flag' | 'environment' | 'file' | 'default';
  readonly name?: string;
}

export interface LoadedConfig {
  readonly values: WindlassConfig;
  /** Origin of each setting by its dotted name. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** The configuration file that was read, if there was one. */
  readonly file?: string;
}

interface LoadConfigOptions {
  /** Settings given on the command line, by dotted name. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /**
   * A configuration file that must exist; otherwise `windlass.config.yaml` in `cwd` is read if it
   * is there.
   */
  readonly configFile?: string;
}

interface Problem {
  readonly field: string;
  readonly problem: string;
  readonly origin: string;
}

/** Folders that lie in the state folder unless they are set. */
const FOLDERS = { 'artefacts.dir': 'artefacts', 'training.environmentsDir': 'envs' } as const;

type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function setAt(tree: Tree, key: string, value: unknown): void {
  const parts = key.split('.');
  const last = parts.pop() ?? key;
  let node = tree;
  for (const part of parts) {
    const next = node[part];
    const child: Tree = isTree(next) ? next : {};
    node[part] = child;
    node = child;
  }
  node[last] = value;
}

function getAt(tree: unknown, key: string): unknown {
  let node = tree;
  for (const part of key.split('.')) {
    if (!isTree(node)) return undefined;
    node = node[part];
  }
  return node;
}

function readConfigFile(file: string | undefined, cwd: string): { tree: Tree; file?: string } {
  const path = resolve(cwd, file ?? CONFIG_FILE);
  if (!existsSync(path)) {
    if (file === undefined) return { tree: {} };
    throw new WindlassError('CONFIG_INVALID', `The configuration file ${path} does not exist.`, {
      details: { problems: [{ field: '--config', problem: 'no such file', origin: path }] },
    });
  }
  // Loaded only now: most commands find no file, and start sooner without the parser.
  const { parseDocument } = createRequire(import.meta.url)('yaml') as typeof Yaml;
  const document = parseDocument(readFileSync(path, 'utf8'), { prettyErrors: true });
  const first = document.errors[0];
  const value: unknown = first === undefined ? document.toJS() : undefined;
  if (first !== undefined || (value !== null && !isTree(value))) {
    const problem = first?.message.split('\n')[0] ?? 'expected settings as "name: value"';
    throw new WindlassError('CONFIG_INVALID', `The configuration file ${path} cannot be read: ${problem}`, {
      details: { problems: [{ field: '(file)', problem, origin: path }] },
    });
  }
  return { tree: isTree(value) ? structuredClone(value) : {}, file: path };
}

/** A secret can be given by a file, as container platforms do: NAME_FILE names it. */
function fromEnvironment(
  setting: SettingInfo,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
): { value: string; name: string } | undefined {
  const direct = env[setting.env];
  if (direct !== undefined && direct !== '') return { value: direct, name: setting.env };
  const fileName = `${setting.env}_FILE`;
  const file = setting.secret ? env[fileName] : undefined;
  if (file === undefined || file === '') return undefined;
  try {
    return { value: readFileSync(file, 'utf8').trim(), name: fileName };
  } catch {
    problems.push({ field: setting.key, problem: `cannot read the file ${file}`, origin: fileName });
    return undefined;
  }
}

function describeOrigin(origin: Origin | undefined): string {
  if (origin === undefined || origin.source === 'default') return 'default';
  return `${origin.source} ${origin.name ?? ''}`.trim();
}

function known(field: string): boolean {
  return SETTINGS.some((s) => s.key === field);
}

/**
 * Reads every setting with the precedence flag > environment > configuration file > default; throws
 * CONFIG_INVALID that lists every wrong field with its origin.
 */
export function loadConfig(options: LoadConfigOptions = {}): LoadedConfig {
  const cwd = options.cwd ?? process.cwd();
  const env = options.env ?? process.env;
  const flags = options.flags ?? {};
  const problems: Problem[] = [];
  const { tree, file } = readConfigFile(options.configFile, cwd);
  const origins: Record<string, Origin> = {};
  for (const setting of SETTINGS) {
    const { key } = setting;
    origins[key] = getAt(tree, key) === undefined ? { source: 'default' } : { source: 'file', name: file };
    const fromEnv = fromEnvironment(setting, env, problems);
    if (fromEnv !== undefined) {
      setAt(tree, key, fromEnv.value);
      origins[key] = { source: 'environment', name: fromEnv.name };
    }
    const flag = flags[key];
    if (flag !== undefined) {
      setAt(tree, key, flag);
      origins[key] = { source: 'flag', name: key };
    }
  }
  for (const key of Object.keys(flags).filter((k) => !known(k)))
    problems.push({ field: key, problem: 'there is no such setting', origin: `flag ${key}` });

  const parsed = configSchema.safeParse(tree);
  for (const issue of parsed.error?.issues ?? []) {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        problems.push({
          field: [...path, key].join('.'),
          problem: 'there is no such setting',
          origin: `file ${file ?? ''}`.trim(),
        });
      continue;
    }
    const full = path.join('.');
    const setting = SETTINGS.find((s) => full === s.key || full.startsWith(`${s.key}.`))?.key ?? full;
    // A bad item of a plain list is the list's problem; in a list of objects the field is named.
    const field = path.length > setting.split('.').length + 1 ? full : setting;
    const origin = origins[setting] ?? { source: 'file', name: file };
    problems.push({ field, problem: issue.message, origin: describeOrigin(origin) });
  }
  if (parsed.data === undefined || problems.length > 0) {
    const lines = problems.map((p) => `${p.field} (${p.origin}): ${p.problem}`);
    throw new WindlassError('CONFIG_INVALID', `The configuration is not valid. ${lines.join('; ')}.`, {
      details: { problems },
    });
  }
  const values: Tree = structuredClone(parsed.data);
  const fileDir = file === undefined ? cwd : dirname(file);
  for (const { key, path } of SETTINGS) {
    const value = path ? getAt(values, key) : undefined;
    if (typeof value === 'string')
      setAt(values, key, resolve(origins[key]?.source === 'file' ? fileDir : cwd, value));
  }
  const stateDir = resolve(cwd, String(values.stateDir));
  for (const [key, name] of Object.entries(FOLDERS))
    if (getAt(values, key) === undefined) setAt(values, key, join(stateDir, name));
  return { values: values as unknown as WindlassConfig, origins, file };
}

interface ShownSetting {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
  readonly env: string;
  readonly description: string;
}

function mask(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (!/^\w+:\/\/|SharedAccessKey=/.test(value)) return '••••';
  return value
    .replace(/((?:SharedAccess|Account)Key=)[^;]+/, '$1••••')
    .replace(/(sig=)[^&;]+/, '$1••••')
    .replace(/^(\w+:\/\/[^:@/]+:)[^@]+@/, '$1••••@')
    .replace(/([?&]password=)[^&]+/i, '$1••••');
}

/** Every setting with its value (secrets masked) and where that value came from. */
export function showConfig(config: LoadedConfig): ShownSetting[] {
  return SETTINGS.map(({ key, env, description, secret }) => {
    const value = getAt(config.values, key) ?? null;
    return {
      key,
      value: secret ? mask(value) : value,
      origin: describeOrigin(config.origins[key]),
      env,
      description,
    };
  });
}

/** A setting's value as one text: a list with commas, a list of objects as JSON. */
export function settingText(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.some((item) => typeof item === 'object') ? JSON.stringify(value) : value.join(',');
}

/**
 * The settings as environment variables, so that a child process sees exactly the same
 * configuration.
 */
export function configToEnvironment(values: WindlassConfig): Record<string, string> {
  return Object.fromEntries(
    SETTINGS.flatMap(({ key, env }) => {
      const value = getAt(values, key);
      if (value === undefined) return [];
      return [[env, settingText(value)]];
    }),
  );
}
