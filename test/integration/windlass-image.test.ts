import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { dockerClient } from '../../src/adapters/docker/engine.ts';
import { readCompose } from '../support/compose-file.ts';
import { noDocker } from '../support/missing.ts';
import { PROJECT_ROOT } from '../support/shared-layers.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { describeUnless } from '../support/unless.ts';
import { buildWindlassImage, COPIED, type WindlassImage } from '../support/windlass-image.ts';

const services = readCompose({
  TEMPORAL_DB_PASSWORD: 't',
  WINDLASS_DB_PASSWORD: 'w',
  WINDLASS_API_TOKEN: 'token-0123456789',
  WINDLASS_HUB_CONNECTION_STRING: 'HostName=h;SharedAccessKeyName=service;SharedAccessKey=aHVic2VjcmV0',
});
const commands = Object.entries(services)
  .filter(([, service]) => service.command?.[0] === 'node')
  .map(([name, { command = [] }]): [string, string[]] => [name, [...command]]);

test('the image holds every file that its commands import', async () => {
  const folder = tempFolder('image-files');
  try {
    for (const path of COPIED) cpSync(join(PROJECT_ROOT, path), join(folder.path, path), { recursive: true });
    const programs = new Set(commands.map(([, [, program = '']]) => program));
    expect(programs.size).toBeGreaterThanOrEqual(2);
    const bundled = await build({
      entryPoints: [...programs].map((program) => join(folder.path, program)),
      bundle: true,
      write: false,
      outdir: folder.path,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'silent',
    });
    expect(bundled.errors).toEqual([]);
  } finally {
    folder.remove();
  }
});

describeUnless(await noDocker())('the image of the compose file, built from the real Dockerfile', () => {
  const docker = dockerClient();
  const tag = `windlass-compose-test:p${process.pid}`;
  let image: WindlassImage;

  beforeAll(async () => {
    image = await buildWindlassImage(docker, tag);
  }, 1_000_000);
  afterAll(async () => {
    for (const name of [tag, `${tag}-base`])
      await docker
        .getImage(name)
        .remove({ force: true })
        .catch(() => undefined);
  });

  /** Runs a command in the image, without a network; gives its exit code and what it said. */
  async function run(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const container = await docker.createContainer({
      Image: tag,
      Cmd: [...command],
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      Tty: true, // one plain stream
      HostConfig: { NetworkMode: 'none', Binds: [...image.binds], CapDrop: ['ALL'] },
    });
    try {
      await container.start();
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      const said = (await container.logs({ stdout: true, stderr: true })).toString('utf8');
      return { code: StatusCode, said };
    } finally {
      await container.remove({ force: true });
    }
  }

  test('runs as an account without rights, which may write the state folder', async () => {
    const script = `require('node:fs').writeFileSync(process.env.WINDLASS_STATE_DIR + '/x', ''); console.log('account ' + process.getuid())`;
    const { code, said } = await run(['node', '-e', script]);
    expect([code, said.trim()]).toEqual([0, expect.stringMatching(/^account [1-9]\d*$/)]);
  });

  test('each command starts, and says which server it lacks', async () => {
    for (const [name, command] of commands) {
      const { code, said } = await run(command, {
        ...services[name]?.environment,
        DATABASE_URL: 'postgres://windlass:secret@127.0.0.1:1/windlass',
        TEMPORAL_ADDRESS: '127.0.0.1:1',
      });
      expect([name, said]).toEqual([name, expect.stringMatching(/"code":"(DATABASE|TEMPORAL)_UNAVAILABLE"/)]);
      expect(code).toBeGreaterThan(0);
      expect(said).not.toContain('secret@');
    }
  }, 400_000);
});
