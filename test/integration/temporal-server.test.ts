import { Client, Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names.ts';
import { hasPollers } from '../../src/adapters/temporal/pollers.ts';
import { freePort } from '../../src/local-system/ports.ts';
import { connectTemporal } from '../../src/adapters/temporal/connect-temporal.ts';
import { prepareTemporal, startTemporalServer } from '../../src/local-system/temporal-server.ts';
import { createDevServer } from '../support/dev-server.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('temporal');
afterAll(() => folder.remove());

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
