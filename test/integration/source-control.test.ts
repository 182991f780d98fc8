import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import lockfile from 'proper-lockfile';
import { readSpec } from '../../activities/source/read-spec.ts';
import { createGitSourceControl } from '../../src/adapters/git/git-source-control.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { SourceControl } from '../../src/ports/source-control.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { createTinyProject, gitIn, type TinyProject } from '../support/tiny-project.ts';

let folder: ReturnType<typeof tempFolder>;
let tiny: TinyProject;
let source: SourceControl;

beforeEach(() => {
  folder = tempFolder('source');
  tiny = createTinyProject(folder.path, { groups: 1 });
  source = createGitSourceControl({ mirrors: join(folder.path, 'mirrors') });
});
afterEach(() => folder.remove());

const checkout = (over: Partial<Parameters<SourceControl['checkout']>[0]> = {}) =>
  source.checkout({ project: tiny.project, ref: 'HEAD', allowDirty: false, ...over });
const paths = (tree: { files: readonly { path: string }[] }): string[] => tree.files.map((f) => f.path);

async function code(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof WindlassError)) throw new Error('expected a WindlassError', { cause: error });
  expect(error.hint).not.toBe('');
  return `${error.code}: ${error.message}`;
}

describe('a commit', () => {
  test('gives the same bundle whenever, wherever and by whomever it is checked out', async () => {
    const first = await checkout();
    const later = new Date(Date.now() + 86_400_000);
    utimesSync(join(tiny.project, 'train.py'), later, later);
    const clone = join(folder.path, 'clone');
    execFileSync('git', ['clone', '--quiet', tiny.repository, clone]);
    const second = await checkout({ project: join(clone, 'models', 'tiny') });
    expect(second.bundle.equals(first.bundle)).toBe(true);
    expect(second.commit).toBe(first.commit);
    expect(paths(first)).toEqual([...paths(first)].sort());
    expect(first).toMatchObject({ subfolder: 'models/tiny', changed: [] });
  });

  test('of other files of the repository gives the same bundle', async () => {
    const first = await checkout();
    writeFileSync(join(tiny.repository, 'README.md'), 'unrelated');
    tiny.commit('Say something else');
    const second = await checkout();
    expect(second.commit).not.toBe(first.commit);
    expect(second.bundle.equals(first.bundle)).toBe(true);
  });

  test('of another content or mode gives another bundle', async () => {
    const first = await checkout();
    execFileSync('chmod', ['+x', join(tiny.project, 'train.py')]);
    tiny.commit('Make it executable');
    const second = await checkout();
    expect(second.bundle.equals(first.bundle)).toBe(false);
  });

  test('can be an older one, a tag or a branch; then the work tree does not matter', async () => {
    const { commit } = await checkout();
    gitIn(tiny.repository, 'tag', 'v1');
    writeFileSync(join(tiny.project, 'model.py'), '# other');
    tiny.commit('Change the model');
    writeFileSync(join(tiny.project, 'model.py'), '# dirty');
    for (const ref of ['v1', commit, commit.slice(0, 10)])
      expect(await checkout({ ref })).toMatchObject({ commit, changed: [] });
  });

  test('is unpacked as it was, with modes and links', async () => {
    symlinkSync('train.py', join(tiny.project, 'alias.py'));
    execFileSync('chmod', ['+x', join(tiny.project, 'check.py')]);
    tiny.commit('Add a link');
    const { bundle, files } = await checkout();
    const target = join(folder.path, 'unpacked');
    mkdirSync(target);
    await source.unpack(bundle, target);
    for (const f of files.filter((x) => x.kind !== 'link'))
      expect(readFileSync(join(target, f.path)).equals(f.content)).toBe(true);
    expect(readFileSync(join(target, 'alias.py'), 'utf8')).toBe(
      readFileSync(join(target, 'train.py'), 'utf8'),
    );
    expect(statSync(join(target, 'check.py')).mode & 0o111).not.toBe(0);
    expect(await source.readBundle(bundle)).toEqual(files);
  });
});

describe('uncommitted changes', () => {
  test.each([
    ['a changed file', () => writeFileSync(join(tiny.project, 'model.py'), '# changed'), 'model.py'],
    ['a new file', () => writeFileSync(join(tiny.project, 'new.py'), ''), 'new.py'],
    [
      'a removed file',
      () => renameSync(join(tiny.project, 'model.py'), join(folder.path, 'gone')),
      'model.py',
    ],
    [
      'a staged file',
      () => {
        writeFileSync(join(tiny.project, 'staged.py'), '');
        gitIn(tiny.repository, 'add', '--all');
      },
      'staged.py',
    ],
  ])('%s is TREE_DIRTY, and names the file', async (_what, change, file) => {
    change();
    expect(await code(checkout())).toMatch(/^TREE_DIRTY: /);
    expect(await code(checkout())).toContain(file);
  });

  test('are built and marked when allowed', async () => {
    writeFileSync(join(tiny.project, 'model.py'), '# changed');
    writeFileSync(join(tiny.project, 'new.py'), '# new');
    const tree = await checkout({ allowDirty: true });
    expect(tree.changed).toHaveLength(2);
    expect(tree.files.find((f) => f.path === 'new.py')?.content.toString()).toBe('# new');
    expect(tree.files.find((f) => f.path === 'model.py')?.content.toString()).toBe('# changed');
  });

  test('outside the project folder, or ignored by git, do not count', async () => {
    writeFileSync(join(tiny.repository, 'notes.txt'), 'elsewhere');
    mkdirSync(join(tiny.project, '__pycache__'));
    writeFileSync(join(tiny.project, '__pycache__', 'x.pyc'), '');
    const tree = await checkout();
    expect(tree.changed).toEqual([]);
    expect(paths(await checkout({ allowDirty: true }))).not.toContain('__pycache__/x.pyc');
  });
});

describe('refused with a clear error', () => {
  test('a folder that is not there, a file, a folder outside git, a ref that names nothing', async () => {
    expect(await code(checkout({ project: join(folder.path, 'nowhere') }))).toMatch(
      /^PROJECT_NOT_FOUND: There is no folder .*nowhere/,
    );
    expect(await code(checkout({ project: join(tiny.project, 'train.py') }))).toMatch(/is not a folder/);
    expect(await code(checkout({ project: tiny.data }))).toMatch(
      /^PROJECT_NOT_FOUND: .* not inside a git repository/,
    );
    expect(await code(checkout({ ref: 'v9' }))).toMatch(/^PROJECT_NOT_FOUND: .*"v9"/);
    for (const ref of ['--output=/tmp/x', '-c', 'a b'])
      expect(await code(checkout({ ref }))).toMatch(/^PROJECT_NOT_FOUND: ".*" is not a branch/);
  });

  test('a repository without a commit', async () => {
    const empty = join(folder.path, 'empty');
    mkdirSync(empty);
    gitIn(empty, 'init', '--quiet');
    expect(await code(checkout({ project: empty }))).toMatch(/^PROJECT_NOT_FOUND: .*no commit yet/);
  });

  test('a submodule, a link that leaves the folder, a Git LFS pointer', async () => {
    const other = join(folder.path, 'other');
    mkdirSync(other);
    gitIn(other, 'init', '--quiet');
    gitIn(other, 'commit', '--quiet', '--allow-empty', '--message', 'x');
    gitIn(
      tiny.repository,
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      other,
      'models/tiny/sub',
    );
    tiny.commit('Add a submodule');
    expect(await code(checkout())).toMatch(/^PROJECT_INVALID: sub is a git submodule/);
    gitIn(tiny.repository, 'reset', '--quiet', '--hard', 'HEAD~1');
    rmSync(join(tiny.project, 'sub'), { recursive: true, force: true });

    symlinkSync('../../../etc/passwd', join(tiny.project, 'escape'));
    tiny.commit('Link outside');
    expect(await code(checkout())).toMatch(/^PROJECT_INVALID: escape is a link that leaves/);
    gitIn(tiny.repository, 'reset', '--quiet', '--hard', 'HEAD~1');

    writeFileSync(
      join(tiny.project, 'weights.bin'),
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n',
    );
    tiny.commit('Add a pointer');
    expect(await code(checkout())).toMatch(/^PROJECT_INVALID: weights.bin is a Git LFS pointer/);
  });
});

test('a folder too large for a bundle is refused before it is read, committed or not', async () => {
  const large = join(tiny.project, 'readings.bin');
  writeFileSync(large, '');
  truncateSync(large, 300 * 2 ** 20);
  const said = /^PROJECT_INVALID: The project folder holds 315 MB; at most 256 MiB/;
  expect(await code(checkout({ allowDirty: true }))).toMatch(said);
  // Committed thirty times over, which git keeps once.
  truncateSync(large, 10 * 2 ** 20);
  const blob = gitIn(tiny.repository, 'hash-object', '-w', large);
  rmSync(large);
  const entries = Array.from({ length: 30 }, (_, n) => [
    '--cacheinfo',
    `100644,${blob},models/tiny/${n}.bin`,
  ]);
  gitIn(tiny.repository, 'update-index', '--add', ...entries.flat());
  gitIn(tiny.repository, 'commit', '--quiet', '--message', 'Add what belongs into the data');
  expect(await code(checkout({ ignoreTree: true }))).toMatch(said);
});

describe('a git URL', () => {
  const url = (): string => `file://${tiny.repository}`;

  test('is mirrored, with the folder after #, and gives the bundle that the folder gives', async () => {
    const local = await checkout();
    const remote = await checkout({ project: `${url()}#models/tiny` });
    expect(remote).toMatchObject({ commit: local.commit, subfolder: 'models/tiny', repository: url() });
    expect(remote.bundle.equals(local.bundle)).toBe(true);
  });

  test('is fetched again: new commits, branches and tags are seen, deleted ones are not', async () => {
    await checkout({ project: `${url()}#models/tiny` });
    writeFileSync(join(tiny.project, 'model.py'), '# newer');
    const commit = tiny.commit('Go on');
    gitIn(tiny.repository, 'tag', 'v2');
    expect((await checkout({ project: `${url()}#models/tiny` })).commit).toBe(commit);
    expect((await checkout({ project: `${url()}#models/tiny`, ref: 'v2' })).commit).toBe(commit);
    gitIn(tiny.repository, 'tag', '--delete', 'v2');
    expect(await code(checkout({ project: `${url()}#models/tiny`, ref: 'v2' }))).toMatch(/"v2"/);
  });

  test('brings one commit without its history; a full commit id is fetched once, an abbreviated one needs all', async () => {
    const first = await checkout();
    writeFileSync(join(tiny.project, 'model.py'), '# newer');
    const second = tiny.commit('Go on');
    const project = `${url()}#models/tiny`;
    const commits = () => {
      const [mirror = ''] = readdirSync(join(folder.path, 'mirrors')).filter((n) => n.endsWith('.git'));
      return gitIn(join(folder.path, 'mirrors', mirror), 'rev-list', '--all').split('\n');
    };
    await checkout({ project, ref: 'main' });
    expect(commits()).toEqual([second]);
    expect((await checkout({ project, ref: first.commit })).bundle.equals(first.bundle)).toBe(true);
    renameSync(tiny.repository, join(folder.path, 'unplugged'));
    expect((await checkout({ project, ref: first.commit })).commit).toBe(first.commit);
    expect(await code(checkout({ project, ref: 'main' }))).toMatch(/^SOURCE_UNREACHABLE/);
    renameSync(join(folder.path, 'unplugged'), tiny.repository);
    expect((await checkout({ project, ref: first.commit.slice(0, 9) })).commit).toBe(first.commit);
    expect((await checkout({ project, ref: 'main~1' })).commit).toBe(first.commit);
    expect(commits()).toEqual([second, first.commit]);
    const nothing = 'f'.repeat(40);
    expect(await code(checkout({ project, ref: nothing }))).toMatch(/^PROJECT_NOT_FOUND: .*ffff/);
  });

  test('is waited for while another fetches it; a cancelled wait ends while the other still fetches', async () => {
    const project = `${url()}#models/tiny`;
    const { commit } = await checkout({ project });
    const mirrors = join(folder.path, 'mirrors');
    const [mirror = ''] = readdirSync(mirrors).filter((n) => n.endsWith('.git'));
    const release = await lockfile.lock(join(mirrors, mirror));
    const cancelled = new AbortController();
    const waits = checkout({ project });
    const given = source.checkout({ project, ref: 'HEAD', allowDirty: false }, cancelled.signal);
    cancelled.abort(new Error('cancelled'));
    await expect(given).rejects.toThrow('cancelled');
    await release();
    expect((await waits).commit).toBe(commit);
  });

  test('of a server that gives no single commits is fetched whole', async () => {
    const first = await checkout();
    writeFileSync(join(tiny.project, 'model.py'), '# newer');
    tiny.commit('Go on');
    const web = join(folder.path, 'web');
    gitIn(folder.path, 'clone', '--quiet', '--bare', tiny.repository, join(web, 'tiny.git'));
    gitIn(join(web, 'tiny.git'), 'update-server-info');
    const server = createServer(({ url: path = '/' }, response) => {
      const file = join(web, new URL(path, 'http://x').pathname);
      if (existsSync(file) && statSync(file).isFile()) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const project = `http://ada:secret@127.0.0.1:${port}/tiny.git#models/tiny`;
      const remote = await checkout({ project, ref: first.commit });
      expect(remote.bundle.equals(first.bundle)).toBe(true);
      expect(remote.repository).toBe(`http://127.0.0.1:${port}/tiny.git`);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('that would run a program, or that git could take for an option, is refused', async () => {
    const touched = join(folder.path, 'touched');
    for (const project of [
      `ext::touch ${touched}`,
      `ext://touch ${touched}`,
      `ssh://-oProxyCommand=touch%20${touched}/x`,
    ])
      expect(await code(checkout({ project }))).toMatch(/^PROJECT_NOT_FOUND: .*is not fetched/);
    expect(await code(checkout({ project: `--upload-pack=touch ${touched}` }))).toMatch(/^PROJECT_NOT_FOUND/);
    expect(existsSync(touched)).toBe(false);
  });

  test('that cannot be reached is SOURCE_UNREACHABLE without the password', async () => {
    const said = await code(checkout({ project: 'http://ada:secret@127.0.0.1:9/none.git#x' }));
    expect(said).toMatch(/^SOURCE_UNREACHABLE: http:\/\/127.0.0.1:9\/none.git/);
    expect(said).not.toContain('secret');
    const error: unknown = await checkout({ project: 'http://ada:secret@127.0.0.1:9/none.git' }).catch(
      (e: unknown) => e,
    );
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('secret');
  });

  test('without the folder is PROJECT_NOT_FOUND', async () => {
    expect(await code(checkout({ project: `${url()}#models/none` }))).toMatch(
      /^PROJECT_NOT_FOUND: .*"models\/none"/,
    );
    expect(await code(checkout({ project: `${url()}#../..` }))).toMatch(/^PROJECT_NOT_FOUND/);
  });
});

describe('windlass.yaml', () => {
  const spec = async () => readSpec((await checkout({ allowDirty: true })).files, 'the project');
  const write = (text: string): void => writeFileSync(join(tiny.project, 'windlass.yaml'), text);
  const original = (): string => readFileSync(join(tiny.project, 'windlass.yaml'), 'utf8');

  test('is read with defaults', async () => {
    expect(await spec()).toMatchObject({
      name: 'tiny',
      gates: { maxOpset: 21 },
      deployment: { policy: 'never' },
    });
  });

  test('that is missing is PROJECT_NOT_FOUND; that is no YAML, or wrong, PROJECT_INVALID with the field', async () => {
    const text = original();
    renameSync(join(tiny.project, 'windlass.yaml'), join(folder.path, 'away.yaml'));
    expect(await code(spec())).toMatch(/^PROJECT_NOT_FOUND: There is no windlass.yaml/);
    write('name: [');
    expect(await code(spec())).toMatch(/^PROJECT_INVALID: windlass.yaml is not YAML/);
    write(text.replace('window: 10', 'window: many'));
    expect(await code(spec())).toMatch(/^PROJECT_INVALID: .*model.window/);
    write(text.replace('requirements.lock', '../outside.lock'));
    expect(await code(spec())).toMatch(/^PROJECT_INVALID: .*environment.lock: expected a path inside/);
    const environment = (value: string) => text.replace('lock: requirements.lock', value);
    for (const value of ['{}', '{ lock: requirements.lock, conda: environment.yaml }']) {
      write(text.replace(/environment:\n.*\n/, `environment: ${value}\n`));
      expect(await code(spec())).toMatch(/^PROJECT_INVALID: .*environment: expected exactly one of lock/);
    }
    write(environment('conda: environment.yaml'));
    expect(await code(spec())).toMatch(/^PROJECT_INVALID: .*environment.conda: environment.yaml/);
    write(environment('image: python:3.12'));
    expect(await code(spec())).toMatch(/^PROJECT_INVALID: .*environment.image: expected an image by digest/);
    write(environment(`image: registry.example.com:5000/acme/python@sha256:${'0'.repeat(64)}`));
    expect((await spec()).environment.image).toContain('acme/python@');
    write(text.replace('entry.js', 'absent.js'));
    expect(await code(spec())).toMatch(/^PROJECT_INVALID: .*serve.entry: absent.js/);
  });
});
