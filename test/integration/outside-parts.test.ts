import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { findPart, obtainPart } from '../../src/local-system/outside-parts/obtain-part.ts';
import type { PartSource } from '../../src/local-system/outside-parts/part.ts';
import { OUTSIDE_PARTS } from '../../src/local-system/outside-parts/table.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('parts');
afterAll(() => folder.remove());

function program(dir: string, name: string): string {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, name);
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

const missing = (name: string): PartSource => ({ name, find: async () => ({ missing: `no ${name}` }) });

describe('the Temporal CLI', () => {
  const base = join(folder.path, 'where');
  const env = {
    PATH: join(base, 'path'),
    HOME: base,
    GOBIN: join(base, 'go'),
    XDG_CACHE_HOME: join(base, 'cache'),
  };

  test('is looked for on PATH before the cache before Go’s folder', async () => {
    expect(await findPart('temporal', { env })).toBeUndefined();
    const inGo = program(join(base, 'go'), 'temporal');
    expect(await findPart('temporal', { env })).toEqual({ path: inGo, source: "Go's program folder" });
    const inCache = program(join(base, 'cache/windlass/bin'), 'temporal');
    expect(await findPart('temporal', { env })).toEqual({ path: inCache, source: 'the Windlass cache' });
    const onPath = program(join(base, 'path'), 'temporal');
    expect(await findPart('temporal', { env })).toEqual({ path: onPath, source: '`temporal` on PATH' });
  });

  test('is downloaded or built last', () => {
    expect(OUTSIDE_PARTS.temporal.sources.map((source) => source.name)).toEqual([
      '`temporal` on PATH',
      'the Windlass cache',
      "Go's program folder",
      "the SDK's download",
      expect.stringMatching(/^go install .*@v1\.5\.1$/),
    ]);
  });
});

test('the jars of the time-skipping server count only where there is Java', async () => {
  const cache = join(folder.path, 'jars');
  const path = program(join(cache, 'windlass/temporal-test-server'), 'test-server');
  const bin = join(folder.path, 'jars-bin');
  const env = { PATH: bin, XDG_CACHE_HOME: cache };
  expect(await findPart('temporal-test-server', { env })).toBeUndefined();
  program(bin, 'java');
  expect(await findPart('temporal-test-server', { env })).toMatchObject({ path });
});

test('without any source, one error lists all that was tried and what to do', async () => {
  const env = { PATH: '', XDG_CACHE_HOME: join(folder.path, 'none') };
  const go = OUTSIDE_PARTS.temporal.sources.slice(-1);
  const sources = [missing('first'), missing('second'), ...go];
  const error = await obtainPart('temporal', { env, sources }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(WindlassError);
  expect(error).toMatchObject({
    code: 'TEMPORAL_UNAVAILABLE',
    hint: expect.stringContaining('TEMPORAL_ADDRESS'),
  });
  expect(String(error)).toMatch(
    /first: no first; second: no second; go install .*: there is no Go toolchain on PATH/,
  );
});

test('two that need the same part at once make it once', async () => {
  const cache = join(folder.path, 'once');
  const env = { PATH: '', XDG_CACHE_HOME: cache };
  const path = join(cache, 'made');
  let made = 0;
  let there = false;
  const sources: PartSource[] = [
    { name: 'cache', find: async () => (there ? { path } : { missing: 'not there' }) },
    {
      name: 'maker',
      makes: true,
      find: async () => {
        made += 1;
        await delay(300);
        there = true;
        return { path };
      },
    },
  ];
  const both = await Promise.all([1, 2].map(() => obtainPart('temporal', { env, sources })));
  expect(made).toBe(1);
  expect(both.map((part) => part.source).sort()).toEqual(['cache', 'maker']);
});
