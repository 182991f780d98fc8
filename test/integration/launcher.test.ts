import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { execa } from 'execa';
import { tempFolder } from '../support/temp-folder.ts';

const root = join(import.meta.dirname, '../..');
const folder = tempFolder('launcher');
const checkout = join(folder.path, 'a checkout');
const elsewhere = join(folder.path, 'else where');
afterAll(() => folder.remove());

/** A checkout whose Node tells how it was started instead of starting anything. */
beforeAll(() => {
  mkdirSync(join(checkout, 'node_modules/node/bin'), { recursive: true });
  mkdirSync(join(elsewhere, 'bin'), { recursive: true });
  mkdirSync(join(checkout, 'src/cli'), { recursive: true });
  writeFileSync(join(checkout, 'src/cli/main.ts'), '');
  copyFileSync(join(root, 'windlass'), join(checkout, 'windlass'));
  chmodSync(join(checkout, 'windlass'), 0o755);
  const node = join(checkout, 'node_modules/node/bin/node');
  writeFileSync(node, '#!/bin/sh\nprintf "%s\\n" "$PWD" "$WINDLASS_CALLED_AS" "$@"\n', { mode: 0o755 });
  symlinkSync('../../a checkout/windlass', join(elsewhere, 'bin/windlass'));
  symlinkSync(join(elsewhere, 'bin/windlass'), join(elsewhere, 'w'));
});

async function start(program: string, options: { cwd?: string; env?: Record<string, string> } = {}) {
  const cwd = options.cwd ?? elsewhere;
  const env = { npm_command: '', ...options.env };
  const { stdout } = await execa(program, ['models', 'a  b'], { cwd, env });
  const [pwd = '', calledAs, flag, main = '', ...args] = stdout.split('\n');
  expect(realpathSync(pwd)).toBe(realpathSync(cwd));
  expect([flag, ...args]).toEqual(['--preserve-symlinks', 'models', 'a  b']);
  expect(realpathSync(resolve(cwd, main))).toBe(realpathSync(join(checkout, 'src/cli/main.ts')));
  return calledAs;
}

test('starts the Node of the checkout from there, from elsewhere, and through links, where the user stands', async () => {
  expect(await start('./windlass', { cwd: checkout })).toBe('./windlass');
  expect(await start('../a checkout/windlass')).toBe('../a checkout/windlass');
  expect(await start('./w')).toBe('./w');
  expect(await start(join(elsewhere, 'bin/windlass'))).toBe(join(elsewhere, 'bin/windlass'));
});

test('is called by its name alone when PATH has it, and npx windlass when npx calls it', async () => {
  const PATH = [join(elsewhere, 'bin'), process.env.PATH].join(delimiter);
  expect(await start('windlass', { env: { PATH } })).toBe('windlass');
  expect(await start('./windlass', { cwd: checkout, env: { npm_command: 'exec' } })).toBe('npx windlass');
});

test('without npm ci it says so', async () => {
  const bare = join(folder.path, 'bare');
  mkdirSync(bare);
  copyFileSync(join(root, 'windlass'), join(bare, 'windlass'));
  const told = await execa(join(bare, 'windlass'), ['up'], { reject: false });
  expect(told.exitCode).toBe(1);
  expect(told.stderr).toContain(`cd '${bare}' && npm ci`);
});

test('help names the program as it was called', async () => {
  const help = async (program: string, env: Record<string, string> = {}) =>
    (await execa(program, ['up', '--help'], { cwd: root, env: { npm_command: '', ...env } })).stdout;
  expect(await help('./windlass')).toMatch(/^Usage: \.\/windlass up [^]*\$ \.\/windlass up --without/);
  expect(await help('./windlass', { npm_command: 'exec' })).toMatch(
    /^Usage: npx windlass up [^]*\$ npx windlass up --without/,
  );
});

test('npm ci runs no install script of onnxruntime-node, which would fetch libraries for GPUs', () => {
  // Old versions of npm take this from the lock file, new ones also from allowScripts. After an
  // update of the package take its line "hasInstallScript" out of package-lock.json again.
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  expect(lock.packages['node_modules/onnxruntime-node']).toEqual(
    expect.not.objectContaining({ hasInstallScript: true }),
  );
});
