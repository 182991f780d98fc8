import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { hasPollers } from '../../src/adapters/temporal/pollers.ts';
import { freePort } from '../../src/local-system/ports.ts';
import {
  findTemporal,
  temporalSources,
  type TemporalSource,
} from '../../src/local-system/temporal-binary.ts';
import { connectTemporal } from '../../src/adapters/temporal/connect-temporal.ts';
import { prepareTemporal, startTemporalServer } from '../../src/local-system/temporal-server.ts';
import { createDevServer } from '../support/dev-server.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('temporal');
afterAll(() => folder.remove());

function program(dir: string): string {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'temporal');
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

describe('where the program comes from', () => {
  const base = join(folder.path, 'where');
  const env = { PATH: join(base, 'path'), HOME: base, GOBIN: join(base, 'go') };
  const sources = () => temporalSources({ env, cacheDir: join(base, 'cache') });

  test('PATH before the cache before Go’s folder', async () => {
    const inGo = program(join(base, 'go'));
    expect(await findTemporal({ sources: sources() })).toEqual({ path: inGo, source: "Go's program folder" });
    const inCache = program(join(base, 'cache'));
    expect(await findTemporal({ sources: sources() })).toEqual({
      path: inCache,
      source: 'the Windlass cache',
    });
    const onPath = program(join(base, 'path'));
    expect(await findTemporal({ sources: sources() })).toEqual({
      path: onPath,
      source: '`temporal` on PATH',
    });
  });

  test('the download and `go install` come last', () => {
    expect(sources().map((s) => s.name)).toEqual([
      '`temporal` on PATH',
      'the Windlass cache',
      "Go's program folder",
      "the SDK's download",
      expect.stringMatching(/^go install .*@v1\.5\.1$/),
    ]);
  });

  test('without any, one error lists all that was tried', async () => {
    const none: TemporalSource[] = ['first', 'second'].map((name) => ({
      name,
      find: async () => ({ missing: `no ${name}` }),
    }));
    const [go] = temporalSources({ env: { PATH: '' }, cacheDir: base }).slice(-1);
    const error = await findTemporal({ sources: [...none, ...(go === undefined ? [] : [go])] }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(WindlassError);
    expect(error).toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
    expect(String(error)).toMatch(
      /first: no first; second: no second; go install .*: there is no Go toolchain on PATH/,
    );
  });
});

test('workflows survive a restart of the server, and its search attributes are registered', async () => {
  const [port, uiPort] = [await freePort(), await freePort()];
  const options = { stateDir: folder.path, namespace: 'default', port, uiPort };
  const first = await startTemporalServer(options);
  const connection = await Connection.connect({ address: first.address });
  const client = new Client({ connection });
  await client.workflow.start('nobodyServesIt', { taskQueue: 'none', workflowId: 'kept', args: [] });
  await connection.close();
  await first.stop();

  const second = await startTemporalServer(options);
  try {
    const again = await connectTemporal(second.address);
    const description = await new Client({ connection: again }).workflow.getHandle('kept').describe();
    expect(description.status.name).toBe('RUNNING');
    const { customAttributes } = await again.operatorService.listSearchAttributes({ namespace: 'default' });
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(Object.values(SEARCH_ATTRIBUTES)));
    await again.close();
    expect((await fetch(second.ui)).status).toBe(200);
  } finally {
    await second.stop();
  }
}, 90_000);

test('an existing server gets the namespace and the search attributes, twice without harm', async () => {
  const server = await createDevServer();
  try {
    await prepareTemporal(server.address, 'windlass-test');
    await prepareTemporal(server.address, 'windlass-test');
    const namespace = 'windlass-test';
    const { customAttributes } = await server.connection.operatorService.listSearchAttributes({ namespace });
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(Object.values(SEARCH_ATTRIBUTES)));
    expect(await hasPollers(server.address, namespace, ['control'])).toBe(false);
  } finally {
    await server.teardown();
  }
}, 90_000);

test('an address where nothing listens is named', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  await expect(prepareTemporal(address, 'default')).rejects.toMatchObject({
    code: 'TEMPORAL_UNAVAILABLE',
    message: expect.stringContaining(address),
  });
}, 30_000);
