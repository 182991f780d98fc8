import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { createContainerRuntime } from '../../src/adapters/docker/container-runtime.ts';
import { dockerClient } from '../../src/adapters/docker/engine.ts';
import { RUN_LABEL, trainingContainer } from '../../src/adapters/docker/training-container.ts';
import { describeEnd } from '../../src/base/command-end.ts';
import type { ProjectCommand, RuntimeEnvironment } from '../../src/ports/project-runtime.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { buildTrainingImage } from '../support/training-image.ts';
import { noDocker } from '../support/missing.ts';
import { describeUnless } from '../support/unless.ts';

jest.setTimeout(120_000);

const docker = dockerClient();
const withEngine = describeUnless(await noDocker());

const COMMAND: ProjectCommand = {
  run: 'sh train.sh',
  cwd: '/p',
  variables: {},
  logFile: '/l',
  pidFile: '/run/x',
  timeoutMs: 1,
};

describe('the container of a command', () => {
  test('has no network, no root and no capabilities, and is given only what is declared', () => {
    const made = trainingContainer('sha256:1', COMMAND, 'host/1/1');
    expect(made.HostConfig).toMatchObject({ NetworkMode: 'none', ReadonlyRootfs: true, CapDrop: ['ALL'] });
    expect(made.HostConfig?.DeviceRequests).toBeUndefined();
    expect(made.User).not.toMatch(/^0:/);
  });

  test('is given cores, memory, GPUs and a network when they are declared', () => {
    const container = { mounts: [], cpus: 1.5, gpus: 2, network: true };
    const { HostConfig } = trainingContainer('x', { ...COMMAND, memoryMb: 512, container }, 'host/1/1');
    const memory = 512 * 1024 * 1024;
    expect(HostConfig).toMatchObject({ NanoCpus: 1.5e9, Memory: memory, MemorySwap: memory });
    expect(HostConfig).toMatchObject({
      NetworkMode: 'bridge',
      DeviceRequests: [{ Count: 2, Capabilities: [['gpu']] }],
    });
  });
});

withEngine('training in a container', () => {
  const tag = `windlass-training-test:p${process.pid}`;
  const folder = tempFolder('container');
  const runtime = createContainerRuntime(docker);
  const at = (name: string): string => join(folder.path, name);
  let environment: RuntimeEnvironment;

  beforeAll(async () => {
    const image = await buildTrainingImage(docker, tag);
    environment = await runtime.ensure({ kind: 'image', reference: image });
    for (const name of ['project', 'out']) mkdirSync(at(name));
    chmodSync(at('out'), 0o755);
  });
  afterAll(async () => {
    await docker.getImage(tag).remove({ force: true });
    folder.remove();
  });

  const left = async (): Promise<number> =>
    (await docker.listContainers({ all: true, filters: { label: [`${RUN_LABEL}=${at('pid')}`] } })).length;
  const command = (run: string, over: Partial<ProjectCommand> = {}): ProjectCommand => ({
    run,
    cwd: at('project'),
    variables: { WINDLASS_OUT: at('out') },
    logFile: at('log'),
    pidFile: at('pid'),
    timeoutMs: 60_000,
    container: {
      network: false,
      mounts: [
        { path: at('project'), writable: false },
        { path: at('out'), writable: true },
      ],
    },
    ...over,
  });

  test('runs in its folder, writes outputs as its own account, and tells lines as they come', async () => {
    writeFileSync(
      at('project/train.sh'),
      'id -u; echo oops >&2; echo model > $WINDLASS_OUT/model.onnx; exit 3',
    );
    const lines: string[] = [];
    const result = await runtime.run(
      environment,
      command('sh train.sh', { onLine: (line, stream) => lines.push(`${stream} ${line}`) }),
    );
    expect(result).toMatchObject({ exitCode: 3, timedOut: false, overMemory: null, orphans: [] });
    const { uid } = statSync(at('out/model.onnx'));
    expect(uid).not.toBe(0);
    expect(lines.sort()).toEqual(['stderr oops', `stdout ${uid}`]);
    expect(readFileSync(at('log'), 'utf8')).toContain('oops');
    expect(environment).toMatchObject({ reused: true, key: environment.image });
    expect(await left()).toBe(0);
  });

  test('sees neither network nor machine, and cannot write to project or root', async () => {
    const run = `ls /sys/class/net; for p in ${at('project')} /; do touch $p/y 2>/dev/null && echo wrote $p; done; ls ${folder.path}`;
    const { lastLines } = await runtime.run(environment, command(run));
    expect(lastLines).toEqual(['lo', 'out', 'project']);
  });

  test('more memory than allowed ends it, and so does the time', async () => {
    const hungry = await runtime.run(environment, command('tail /dev/zero', { memoryMb: 64 }));
    expect(hungry.overMemory).toEqual({ limitMb: 64, usedMb: null });
    expect(describeEnd(hungry)).toBe('it needed more memory than the 64 MiB allowed, and was ended');
    const slow = await runtime.run(
      environment,
      command(`sleep 60; touch $WINDLASS_OUT/after`, { timeoutMs: 500 }),
    );
    expect(slow).toMatchObject({ timedOut: true });
    expect(existsSync(at('out/after'))).toBe(false);
  });

  test('cancellation ends even what ignores it', async () => {
    const cancel = new AbortController();
    const run = `trap '' TERM; touch $WINDLASS_OUT/started; sleep 60 & while true; do sleep 1; done`;
    const running = runtime.run(environment, command(run, { signal: cancel.signal }));
    await waitFor(() => existsSync(at('out/started')), { timeoutMs: 20_000 });
    cancel.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    expect(await left()).toBe(0);
  });

  test('one that a killed worker left is ended by the next attempt, or by the next worker', async () => {
    const leave = async (): Promise<string> => {
      const container = await docker.createContainer(
        trainingContainer(environment.image ?? '', command('sleep 60'), `${hostname()}/4194303/1`),
      );
      await container.start();
      return container.id;
    };
    const first = await leave();
    expect((await runtime.run(environment, command('echo next'))).orphans).toEqual([first]);
    const second = await leave();
    expect(await runtime.sweep()).toContain(second);
    expect(await left()).toBe(0);
  });

  test('an image that is nowhere, or has no shell, is ENVIRONMENT_FAILED with the image', async () => {
    const image = `127.0.0.1:1/none@sha256:${'0'.repeat(64)}`;
    await expect(runtime.ensure({ kind: 'image', reference: image })).rejects.toMatchObject({
      code: 'ENVIRONMENT_FAILED',
      message: expect.stringContaining(image),
    });
    await expect(
      runtime.ensure({ kind: 'image', reference: `sha256:${'0'.repeat(64)}` }),
    ).rejects.toMatchObject({
      code: 'ENVIRONMENT_FAILED',
    });
  });
});
