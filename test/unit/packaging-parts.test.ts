import { entryFiles } from '../../activities/packaging/entry-files.ts';
import {
  compactGolden,
  goldenCount,
  goldenSlice,
  parseGolden,
} from '../../activities/packaging/golden-rows.ts';
import { quantile } from '../../activities/packaging/container-test/suite-tools.ts';
import { imageConfig, imageIndex, imageManifest } from '../../src/adapters/oci/image-config.ts';
import { peakMemory, readFacts } from '../../src/adapters/oci/kernel-facts.ts';
import { parseLdd } from '../../src/adapters/oci/machine-environment.ts';
import { splitPlatform } from '../../src/adapters/oci/platform.ts';
import {
  formatIdentity,
  identify,
  isRunning,
  parseIdentity,
} from '../../src/adapters/oci/process-identity.ts';
import { parseChallenge } from '../../src/adapters/oci/registry-auth.ts';
import type { AssembledLayer } from '../../src/ports/image-assembler.ts';
import type { ProjectFile } from '../../src/ports/source-control.ts';
import { digestOf } from '../support/registry-fixtures.ts';
import { tinyGolden } from '../support/tiny-model.ts';

const layer = (name: AssembledLayer['name']): AssembledLayer => ({
  name,
  digest: digestOf(`blob ${name}`),
  size: 10,
  diffId: digestOf(`tar ${name}`),
  unpackedSize: 20,
  reused: false,
});
const parts = {
  platform: 'linux/arm/v7',
  layers: [layer('environment'), layer('model')],
  labels: { b: '2', a: '1' },
  baseEnv: ['PATH=/opt/bin', 'LANG=C', 'ORT_DISABLE_TELEMETRY=0'],
  env: { ORT_DISABLE_TELEMETRY: '1' },
};

describe('manifest and configuration', () => {
  test('the order of labels and the time of the build decide nothing', () => {
    const other = { ...parts, labels: { a: '1', b: '2' } };
    expect(imageManifest(other).manifest.digest).toBe(imageManifest(parts).manifest.digest);
    expect(imageConfig(parts).created).toBe('1970-01-01T00:00:00Z');
  });

  test('the server wins over the base image, which wins over the default path', () => {
    expect(imageConfig(parts).config.Env).toEqual([
      'PATH=/opt/bin',
      'LANG=C',
      'ORT_DISABLE_TELEMETRY=1',
      'NODE_ENV=production',
    ]);
    expect(imageConfig({ ...parts, baseEnv: [] }).config.Env?.[0]).toMatch(/^PATH=\/usr\/local\/sbin:/);
  });

  test('the platform is split into processor and variant, and the index orders by platform', () => {
    expect(imageConfig(parts)).toMatchObject({ os: 'linux', architecture: 'arm', variant: 'v7' });
    expect(splitPlatform('linux/amd64')).toEqual({ os: 'linux', architecture: 'amd64' });
    expect(() => splitPlatform('linux')).toThrow(/is no platform/);
    const [a, b] = [
      { platform: 'linux/arm64', digest: digestOf('1'), size: 1 },
      { platform: 'linux/amd64', digest: digestOf('2'), size: 2 },
    ];
    expect(imageIndex([a!, b!]).digest).toBe(imageIndex([b!, a!]).digest);
  });
});

describe('golden rows', () => {
  test('a slice keeps shapes and values together', () => {
    const golden = tinyGolden({ goldenRows: 5 });
    const slice = goldenSlice(golden, 3, 99);
    expect(goldenCount(slice)).toBe(2);
    expect(slice.inputs['window']!.shape).toEqual([2, 60, 8]);
    expect(slice.inputs['window']!.data).toEqual(golden.inputs['window']!.data.slice(3 * 480));
    expect(slice.outputs['probability']!.data).toEqual(golden.outputs['probability']!.data.slice(3));
  });

  test('the compact form is the same 32-bit numbers in less text', () => {
    const golden = tinyGolden({ goldenRows: 4 });
    const compact = compactGolden(golden);
    const floats = (values: number[]): Float32Array => Float32Array.from(values);
    expect(floats(compact.inputs['window']!.data)).toEqual(floats(golden.inputs['window']!.data));
    expect(compact.outputs).toEqual(golden.outputs);
    expect(JSON.stringify(compact).length).toBeLessThan(0.7 * JSON.stringify(golden).length);
  });

  test.each([
    ['no JSON', 'no', /not JSON/],
    [
      'a shape that does not fit',
      { inputs: { a: { shape: [2, 2], data: [1] } }, outputs: {} },
      /does not fit the shape/,
    ],
    [
      'inputs and outputs of different length',
      { inputs: { a: { shape: [2], data: [1, 2] } }, outputs: { b: { shape: [1], data: [1] } } },
      /2 and 1 rows/,
    ],
  ])('%s is MODEL_INVALID', (_what, content, message) => {
    const bytes = Buffer.from(
      typeof content === 'string' ? content : JSON.stringify({ schema: 'windlass.golden/1', ...content }),
    );
    expect(() => parseGolden(bytes)).toThrow(
      expect.objectContaining({
        code: 'MODEL_INVALID',
        message: expect.stringMatching(message) as unknown,
      }) as Error,
    );
  });
});

describe('the entry layer', () => {
  const file = (path: string, kind: ProjectFile['kind'] = 'file'): ProjectFile => ({
    path,
    kind,
    content: Buffer.from(path),
  });
  const names = (entries: ReturnType<typeof entryFiles>): string[] => entries.map((e) => e.path).sort();

  test('entry.js at the top is itself; elsewhere entry.js leads to it, and relative imports go on working', () => {
    expect(
      names(
        entryFiles([file('entry.js'), file('train.py')], { entry: 'entry.js', assets: [], platforms: [] }),
      ),
    ).toEqual(['windlass/entry/entry.js', 'windlass/entry/package.json']);
    const nested = entryFiles([file('serve/pump.ts'), file('serve/help.js')], {
      entry: './serve/pump.ts',
      assets: ['serve'],
      platforms: [],
    });
    expect(names(nested)).toEqual([
      'windlass/entry/entry.js',
      'windlass/entry/package.json',
      'windlass/entry/serve/help.js',
      'windlass/entry/serve/pump.ts',
    ]);
    const lead = nested.find((e) => e.path.endsWith('entry.js'));
    expect(lead).toMatchObject({ content: Buffer.from('export * from "./serve/pump.ts";\n') });
  });

  test('a missing asset and an asset in the entry script’s place are PROJECT_INVALID', () => {
    const serve = (assets: string[]) => ({ entry: 'serve/pump.js', assets, platforms: [] });
    const files = [file('serve/pump.js'), file('entry.js')];
    expect(() => entryFiles(files, serve(['limits.json']))).toThrow(/serve\.assets names "limits\.json"/);
    expect(() => entryFiles(files, serve(['entry.js']))).toThrow(/has the name that the entry script gets/);
  });

  test('executables and links stay what they are', () => {
    const entries = entryFiles([file('entry.js', 'executable'), file('data', 'link')], {
      entry: 'entry.js',
      assets: ['data'],
      platforms: [],
    });
    expect(entries).toContainEqual(
      expect.objectContaining({ type: 'symlink', path: 'windlass/entry/data', target: 'data' }),
    );
    expect(entries).toContainEqual(expect.objectContaining({ path: 'windlass/entry/entry.js', mode: 0o755 }));
  });
});

describe('what the system says', () => {
  test('ldd: libraries and loader, not the virtual one nor those beside the binary; a missing one is named', () => {
    const output = [
      '\tlinux-vdso.so.1 (0x00007ffd)',
      '\tlibonnxruntime.so.1 => /app/ort/libonnxruntime.so.1 (0x00007f01)',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f02)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f03)',
    ].join('\n');
    expect(parseLdd(output, '/app/ort/binding.node')).toEqual([
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
    expect(() => parseLdd('\tlibgone.so.2 => not found', '/app/x')).toThrow(/\/app\/x needs libgone\.so\.2/);
  });

  test('kernel facts of a hardened container, and of one that is not', () => {
    const hard = readFacts({
      status:
        'Uid:\t65532\t65532\t65532\t65532\nVmHWM:\t  1024 kB\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n',
      mounts: 'overlay / overlay ro,relatime 0 0\ntmpfs /tmp tmpfs rw 0 0\n',
      network: 'Inter-|   Receive\n face |bytes\n    lo:       0\n',
      memoryLimit: '536870912\n',
      pidsLimit: '128\n',
    });
    expect(hard).toEqual({
      uid: 65532,
      rootReadOnly: true,
      networkInterfaces: ['lo'],
      capabilities: '0000000000000000',
      noNewPrivileges: true,
      memoryLimitBytes: 536_870_912,
      pidsLimit: 128,
    });
    expect(peakMemory('VmHWM:\t  1024 kB\n')).toBe(1_048_576);
    const soft = readFacts({
      status: 'Uid:\t1000\t0\t0\t0\nNoNewPrivs:\t0\n',
      mounts: 'overlay / overlay rw,relatime 0 0\n',
      network: ' face |bytes\n    lo: 0\n  eth0: 0\n',
      memoryLimit: '9223372036854771712',
      pidsLimit: 'max',
    });
    expect(soft).toMatchObject({
      uid: 0,
      rootReadOnly: false,
      networkInterfaces: ['lo', 'eth0'],
      capabilities: null,
    });
    expect([soft.memoryLimitBytes, soft.pidsLimit, soft.noNewPrivileges]).toEqual([null, null, false]);
  });

  test('a process is known by its start too: another one of the same number is another', async () => {
    const self = await identify();
    expect(parseIdentity(formatIdentity(self))).toEqual(self);
    expect(await isRunning(self)).toBe(true);
    expect(await isRunning({ ...self, start: '1' })).toBe(false);
    // nobody here can tell
    expect(await isRunning({ ...self, host: 'another-machine', pid: 2 ** 22 + 1 })).toBe(true);
    expect(parseIdentity('nonsense')).toBeUndefined();
  });

  test('a registry’s challenge', () => {
    expect(
      parseChallenge('Bearer realm="https://r/token",service="r",scope="repository:a/b:pull,push"'),
    ).toEqual({
      realm: 'https://r/token',
      service: 'r',
      scope: 'repository:a/b:pull,push',
    });
    expect(parseChallenge('Basic realm="r"')).toBeUndefined();
  });
});

test('quantiles by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([quantile(values, 0.5), quantile(values, 0.99), quantile([7], 0.99)]).toEqual([50, 99, 7]);
  expect(quantile([1, Number.POSITIVE_INFINITY], 0.99)).toBe(Number.POSITIVE_INFINITY);
});
