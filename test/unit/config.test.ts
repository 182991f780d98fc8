import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configToEnvironment, loadConfig, showConfig } from '../../src/config/load-config.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'windlass-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function failure(run: () => unknown): WindlassError {
  try {
    run();
  } catch (error) {
    if (error instanceof WindlassError) return error;
  }
  throw new Error('expected a WindlassError');
}

describe('precedence and origins', () => {
  test('defaults need nothing', () => {
    const { values, origins } = loadConfig({ cwd, env: {} });
    expect(values.stateDir).toBe(join(cwd, '.windlass'));
    expect(values.artefacts.dir).toBe(join(cwd, '.windlass', 'artefacts'));
    expect(values.training.environmentsDir).toBe(join(cwd, '.windlass', 'envs'));
    expect(values.worker.queues).toEqual(['control', 'training', 'packaging', 'fleet', 'monitoring']);
    expect(origins['temporal.port']).toEqual({ source: 'default' });
  });

  test('flag beats environment beats file beats default, and each value knows its origin', () => {
    writeFileSync(
      join(cwd, 'windlass.config.yaml'),
      'api: { port: 1, host: a.example }\nfleet: { devices: 3 }\n',
    );
    const { values, origins } = loadConfig({
      cwd,
      env: { WINDLASS_API_PORT: '2', WINDLASS_FLEET_DEVICES: '4', TEMPORAL_ADDRESS: 't.example:7233' },
      flags: { 'api.port': 5 },
    });
    expect(values.api).toEqual({ port: 5, host: 'a.example' });
    expect(values.fleet.devices).toBe(4);
    expect(values.temporal.address).toBe('t.example:7233');
    expect(origins['api.port']?.source).toBe('flag');
    expect(origins['api.host']).toEqual({ source: 'file', name: join(cwd, 'windlass.config.yaml') });
    expect(origins['fleet.devices']).toEqual({ source: 'environment', name: 'WINDLASS_FLEET_DEVICES' });
    expect(origins['fleet.seed']?.source).toBe('default');
  });

  test('an empty variable counts as not set, and a list comes from commas', () => {
    const { values } = loadConfig({
      cwd,
      env: { DATABASE_URL: '', WINDLASS_WORKER_QUEUES: 'fleet, training' },
    });
    expect(values.database.url).toBeUndefined();
    expect(values.worker.queues).toEqual(['fleet', 'training']);
  });

  test('a path in the file is relative to the file', () => {
    writeFileSync(join(cwd, 'other.yaml'), 'stateDir: state\n');
    const { values } = loadConfig({ cwd: '/', configFile: join(cwd, 'other.yaml'), env: {} });
    expect(values.stateDir).toBe(join(cwd, 'state'));
  });

  test('a secret can come from a file', () => {
    writeFileSync(join(cwd, 'url'), 'postgres://w:secret@db/w\n');
    const { values, origins } = loadConfig({ cwd, env: { DATABASE_URL_FILE: join(cwd, 'url') } });
    expect(values.database.url).toBe('postgres://w:secret@db/w');
    expect(origins['database.url']?.name).toBe('DATABASE_URL_FILE');
  });

  test('a list of objects is checked field by field, and shown as JSON; a secret that is no URL is masked whole', () => {
    const trigger = '{ repository: https://git.example.com/a.git, project: pumps }';
    writeFileSync(join(cwd, 'windlass.config.yaml'), `triggers: [${trigger}]\n`);
    const env = { WINDLASS_HOOKS_GITHUB_SECRET: 'a-secret-of-the-hook' };
    const loaded = loadConfig({ cwd, env });
    expect(loaded.values.triggers).toEqual([
      { repository: 'https://git.example.com/a.git', branch: 'main', project: 'pumps' },
    ]);
    expect(showConfig(loaded).find((s) => s.key === 'hooks.githubSecret')?.value).toBe('••••');
    const again = loadConfig({ cwd: '/', env: configToEnvironment(loaded.values) });
    expect(again.values.triggers).toEqual(loaded.values.triggers);
    writeFileSync(join(cwd, 'windlass.config.yaml'), 'triggers: [{ repository: models }]\n');
    expect(failure(() => loadConfig({ cwd, env: {} })).message).toMatch(
      /triggers\.0\.repository \(file .*windlass\.config\.yaml\): expected a git URL/,
    );
  });

  test('a child process that gets the values as environment has the same configuration', () => {
    const first = loadConfig({
      cwd,
      env: {},
      flags: { 'fleet.speed': 2.5, 'worker.queues': ['fleet'] },
    }).values;
    const second = loadConfig({ cwd: '/', env: configToEnvironment(first) }).values;
    expect(second).toEqual(first);
  });
});

describe('problems', () => {
  test('every wrong field is named at once, with its origin', () => {
    writeFileSync(join(cwd, 'windlass.config.yaml'), 'api: { port: many, prot: 1 }\nlog: { level: loud }\n');
    const error = failure(() =>
      loadConfig({
        cwd,
        env: {
          WINDLASS_TEMPORAL_PORT: '99999',
          WINDLASS_WORKER_QUEUES: 'fleet,gpu',
          DATABASE_URL: 'mysql://x',
        },
        flags: { 'api.hots': 'x' },
      }),
    );
    expect(error.code).toBe('CONFIG_INVALID');
    const { problems } = error.details as { problems: { field: string; origin: string }[] };
    expect(problems.map((p) => p.field).sort()).toEqual([
      'api.hots',
      'api.port',
      'api.prot',
      'database.url',
      'log.level',
      'temporal.port',
      'worker.queues',
    ]);
    expect(problems.find((p) => p.field === 'temporal.port')?.origin).toBe(
      'environment WINDLASS_TEMPORAL_PORT',
    );
    for (const { field } of problems) expect(error.message).toContain(field);
  });

  test.each([
    ['a: [', /cannot be read/],
    ['just words', /cannot be read/],
    ['api: 7', /api/],
  ])('the file %j is refused', (text, message) => {
    writeFileSync(join(cwd, 'windlass.config.yaml'), text);
    expect(failure(() => loadConfig({ cwd, env: {} })).message).toMatch(message);
  });

  test('a named file must exist', () => {
    expect(failure(() => loadConfig({ cwd, env: {}, configFile: 'none.yaml' })).code).toBe('CONFIG_INVALID');
  });
});

test('secrets are masked when shown', () => {
  const shown = showConfig(
    loadConfig({
      cwd,
      env: {
        DATABASE_URL: 'postgres://w:s3cret@db:5432/w',
        WINDLASS_HUB_CONNECTION_STRING: 'HostName=h;SharedAccessKeyName=service;SharedAccessKey=s3cret',
      },
    }),
  );
  expect(JSON.stringify(shown)).not.toContain('s3cret');
  expect(shown.find((s) => s.key === 'database.url')?.value).toBe('postgres://w:••••@db:5432/w');
});
