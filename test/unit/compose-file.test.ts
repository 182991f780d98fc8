import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { TASK_QUEUES } from '../../src/contracts/names.ts';
import { SETTINGS } from '../../src/config/schema.ts';
import { COMPOSE_FILE, readCompose } from '../support/compose-file.ts';
import { testUnless } from '../support/unless.ts';

const SECRETS = {
  TEMPORAL_DB_PASSWORD: 'tempsecret',
  WINDLASS_DB_PASSWORD: 'dbsecret',
  WINDLASS_API_TOKEN: 'token-0123456789',
  WINDLASS_HUB_CONNECTION_STRING: 'HostName=h;SharedAccessKeyName=service;SharedAccessKey=aHVic2VjcmV0',
};
const services = readCompose(SECRETS);

function composeCommand(): [string, ...string[]] | undefined {
  const candidates: [string, ...string[]][] = [['docker-compose'], ['docker', 'compose']];
  return candidates.find(([program, ...args]) => spawnSync(program, [...args, 'version']).status === 0);
}
const compose = composeCommand();
const testWithCompose = testUnless(compose === undefined ? 'docker-compose is not installed' : undefined);

function config(env: Record<string, string>) {
  const [program = '', ...args] = compose ?? [];
  return execFileSync(program, [...args, '-f', COMPOSE_FILE, 'config'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: 'pipe',
  });
}

testWithCompose('docker-compose accepts the file', () => {
  expect(config(SECRETS)).toContain('worker-training');
});

testWithCompose('docker-compose refuses to go on without any one of the secrets', () => {
  for (const name of Object.keys(SECRETS))
    expect(() => config({ ...SECRETS, [name]: '' })).toThrow(new RegExp(`set ${name}`));
});

test('the file holds no secret: each comes from outside and is required', () => {
  const text = readFileSync(COMPOSE_FILE, 'utf8');
  const assigned = [...text.matchAll(/^\s*\w*(PASSWORD|PWD|TOKEN|CONNECTION_STRING)\w*:\s*(.*)$/gm)].map(
    (m) => m[2],
  );
  expect(assigned.length).toBeGreaterThanOrEqual(6);
  for (const value of assigned) expect(value).toMatch(/^\$\{\w+:\?set \w+\}$/);
  for (const name of Object.keys(SECRETS))
    expect(() => readCompose({ ...SECRETS, [name]: '' })).toThrow(name);
});

test('one worker service per task queue, each free to be scaled', () => {
  // Measuring belongs on machines like the devices, not into this file.
  const queues = Object.values(TASK_QUEUES).filter((queue) => queue !== TASK_QUEUES.profiling);
  for (const queue of queues) {
    const worker = services[`worker-${queue}`];
    expect(worker?.command).toEqual(['node', 'workers/main.ts', '--queues', queue]);
    expect(worker?.container_name).toBeUndefined();
    expect(worker?.ports).toBeUndefined();
    expect(worker?.healthcheck).toBeDefined();
  }
});

test('images are pinned, and everything that lasts has a health check', () => {
  for (const [name, service] of Object.entries(services)) {
    expect(service.image).toMatch(/:\d+\.\d+\S*$/);
    if (!['temporal-schema', 'temporal-namespace', 'temporal-ui'].includes(name))
      expect([name, service.healthcheck !== undefined]).toEqual([name, true]);
  }
});

test('every WINDLASS_ variable is a setting', () => {
  const known = new Set(SETTINGS.map((s) => s.env));
  for (const [name, { environment }] of Object.entries(services))
    if (name === 'api' || name.startsWith('worker-'))
      for (const variable of Object.keys(environment).filter((v) => v.startsWith('WINDLASS_')))
        expect([variable, known.has(variable)]).toEqual([variable, true]);
});
