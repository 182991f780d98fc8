import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { DataFile, DataManifest } from '../../src/contracts/data/data-manifest.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { dataGates } from '../../src/domain/data/data-gates.ts';
import { fileFacts, unreadableFacts } from '../../src/domain/data/file-facts.ts';
import type { FileFacts } from '../../src/domain/data/file-facts.ts';
import { withTempFolder } from '../../src/base/temp-folder.ts';
import { readManifest } from './manifest.ts';
import type { DataDeps } from './snapshot.ts';

type Progress = (message: string) => void;
const quiet: Progress = () => undefined;

/** Judges every file of a snapshot; see `dataGates` for what is looked at. */
export async function checkData(
  deps: Pick<DataDeps, 'artefacts' | 'files'>,
  { ref, spec }: { ref: DataRef; spec: ProjectSpec },
  progress: Progress = quiet,
): Promise<GateResult[]> {
  const manifest = await readManifest(deps.artefacts, ref);
  const facts: FileFacts[] = [];
  await withTempFolder(async (folder) => {
    for (const [i, file] of manifest.files.entries()) {
      progress(`${i + 1} of ${manifest.files.length}: ${file.path}`);
      const local = join(folder, `${i}${/\.[^.]+$/.exec(file.path)?.[0] ?? ''}`);
      await deps.artefacts.toFile(`sha256:${file.sha256}`, local);
      const found = await deps.files.examine(local, spec.data);
      facts.push(
        'unreadable' in found ? unreadableFacts(file, found.unreadable) : fileFacts(file, found, spec),
      );
      await rm(local);
    }
  });
  return dataGates(facts, spec, Date.now());
}

/**
 * Writes a snapshot for training: every file as `;`-separated CSV at its path (Parquet becomes
 * .csv), and `manifest.json`, whose paths are those of the files written; `sha256` stays that of
 * the original.
 */
export async function materializeData(
  deps: Pick<DataDeps, 'artefacts' | 'files'>,
  ref: DataRef,
  folder: string,
): Promise<DataManifest> {
  const manifest = await readManifest(deps.artefacts, ref);
  const files: DataFile[] = [];
  for (const file of manifest.files) {
    const path = `${file.group}.csv`;
    const target = resolve(folder, path);
    await mkdir(dirname(target), { recursive: true });
    const original = `${target}.original${/\.[^.]+$/.exec(file.path)?.[0] ?? ''}`;
    await deps.artefacts.toFile(`sha256:${file.sha256}`, original);
    await deps.files.toCsv(original, target);
    await rm(original);
    files.push({ ...file, path });
  }
  const written: DataManifest = { ...manifest, files };
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(written, null, 2)}\n`);
  return written;
}
