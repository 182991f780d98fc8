import picocolors from 'picocolors';
import {
  comparePipelines,
  type PipelineWithFiles,
} from '../../src/cli/commands/pipelines/compare-pipelines.ts';
import { diffText } from '../../src/cli/commands/pipelines/pipeline-view.ts';
import { changedFields } from '../../src/domain/pipelines/changed-fields.ts';
import { changedPackages, lockPackages } from '../../src/domain/pipelines/lock-packages.ts';
import type { ProjectFile } from '../../src/ports/source-control.ts';
import { pipelineVersion, projectSpec } from '../support/registry-fixtures.ts';

const file = (path: string, content: string | Buffer, kind: ProjectFile['kind'] = 'file'): ProjectFile => ({
  path,
  kind,
  content: Buffer.from(content),
});

test('fields are named down to the leaf, with null where one side lacks it', () => {
  const from = { a: 1, b: { c: [1, 2], d: 'x' }, gone: { e: true }, same: [{ f: null }] };
  const to = { a: 1, b: { c: [1, 3, 4], d: 'x' }, same: [{ f: null }], fresh: [], b2: undefined };
  expect(changedFields(from, to)).toEqual([
    { field: 'b.c.1', from: 2, to: 3 },
    { field: 'b.c.2', from: null, to: 4 },
    { field: 'gone', from: { e: true }, to: null },
    { field: 'fresh', from: null, to: [] },
  ]);
  expect(changedFields({ a: [1] }, { a: { 0: 1 } })).toEqual([{ field: 'a', from: [1], to: { 0: 1 } }]);
  expect(changedFields(from, structuredClone(from))).toEqual([]);
});

test('packages are read from pip locks and conda files, whatever their names look like', () => {
  const pip = `# by a tool\nNumPy==2.3.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nskl2onnx[extra] == 1.20.0 ; python_version < "4"\n-r other.txt\n    # via numpy==9\n`;
  expect([...lockPackages(pip)]).toEqual([
    ['numpy', '2.3.1'],
    ['skl2onnx', '1.20.0'],
  ]);
  const conda =
    'name: x\ndependencies:\n  - python=3.12.4\n  - conda-forge::scikit_learn=1.9.1=py312_0\n  - pip:\n    - "onnx==1.2"\n';
  expect([...lockPackages(conda)]).toEqual([
    ['python', '3.12.4'],
    ['scikit-learn', '1.9.1=py312_0'],
    ['onnx', '1.2'],
  ]);
  expect(changedPackages('a==1\nb==1\nc==1\n', 'd==1\nb==2\na==1\n')).toEqual([
    { name: 'b', from: '1', to: '2' },
    { name: 'c', from: '1', to: null },
    { name: 'd', from: null, to: '1' },
  ]);
});

describe('two versions', () => {
  const version = (
    words: string,
    number: string,
    files: ProjectFile[],
    spec = projectSpec(),
  ): PipelineWithFiles => ({
    pipeline: { ...pipelineVersion(words), spec, version: number, createdAt: '2026-03-01T10:00:00.000Z' },
    files,
  });
  const before = version('first', '1', [
    file('requirements.lock', 'numpy==2.3.1 --hash=sha256:aa\n'),
    file('train.py', 'import numpy\ndepth = 3\nprint(depth)\n'),
    file('old.py', 'x\n'),
    file('run.sh', 'true\n'),
    file('weights.bin', Buffer.from([0, 1, 2])),
    file('table.csv', 'a'.repeat(70_000)),
    file('same.py', 'same\n'),
  ]);
  const after = version(
    'second',
    '2',
    [
      file('requirements.lock', 'numpy==2.4.0 --hash=sha256:cc\n'),
      file('train.py', 'import numpy\ndepth = 5\nprint(depth)\n'),
      file('fresh.py', 'y\n'),
      file('run.sh', 'true\n', 'executable'),
      file('weights.bin', Buffer.from([0, 1, 3])),
      file('table.csv', 'b'.repeat(70_000)),
      file('same.py', 'same\n'),
    ],
    projectSpec({ train: { run: 'python train.py', params: { depth: 5 } } }),
  );
  const diff = comparePipelines(before, after);

  test('differ in commit, specification, packages and files, each with what changed', () => {
    expect(diff).toMatchObject({
      identical: false,
      from: { version: 'pump-health@1', commit: 'commit-first' },
      to: { version: 'pump-health@2', commit: 'commit-second' },
      spec: [{ field: 'train.params.depth', from: null, to: 5 }],
      packages: [{ name: 'numpy', from: '2.3.1', to: '2.4.0' }],
    });
    expect(diff.files.map(({ path, change, note }) => [path, change, note])).toEqual([
      ['fresh.py', 'added', undefined],
      ['old.py', 'removed', undefined],
      ['requirements.lock', 'changed', undefined],
      ['run.sh', 'changed', 'file became executable'],
      ['table.csv', 'changed', 'longer than 64 KiB'],
      ['train.py', 'changed', undefined],
      ['weights.bin', 'changed', 'no text'],
    ]);
    expect(diff.files.find((f) => f.path === 'train.py')?.diff).toBe(
      '--- a/train.py\n+++ b/train.py\n@@ -1,3 +1,3 @@\n import numpy\n-depth = 3\n+depth = 5\n print(depth)\n',
    );
    expect(diff.files.find((f) => f.path === 'fresh.py')?.diff).toMatch(
      /^--- \/dev\/null\n\+\+\+ b\/fresh\.py\n/,
    );
  });

  test('are told for people; a version and itself are the same', () => {
    const text = diffText(diff, picocolors.createColors(false));
    for (const line of [
      '- pump-health@1  commit commit-first of /projects/pumps, published 2026-03-01 10:00',
      '  train.params.depth: – → 5',
      '  numpy: 2.3.1 → 2.4.0',
      '  ~ train.py',
      '      +depth = 5',
      '  ~ run.sh (file became executable)',
    ])
      expect(text.split('\n')).toContain(line);
    expect(comparePipelines(before, before)).toMatchObject({
      identical: true,
      spec: [],
      packages: [],
      files: [],
    });
    const same = diffText(comparePipelines(before, before), picocolors.createColors(false));
    expect(same).toBe('pump-health@1 and pump-health@1 are the same.');
  });
});
