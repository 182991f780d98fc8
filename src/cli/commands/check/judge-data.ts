import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { GateResult } from '../../../contracts/gate.ts';
import type { ProjectSpec } from '../../../contracts/project/project.ts';
import { dataGates } from '../../../domain/data/data-gates.ts';
import { fileFacts, unreadableFacts } from '../../../domain/data/file-facts.ts';
import type { FileFacts } from '../../../domain/data/file-facts.ts';
import { dataFile } from '../../../domain/data/fold-of.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { DataSource, SourceFile } from '../../../ports/data-source.ts';
import type { SensorFiles } from '../../../ports/sensor-files.ts';

export interface JudgeDeps {
  readonly files: Pick<SensorFiles, 'examine'>;
  readonly now: number;
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal;
}

export interface JudgedData {
  readonly gates: GateResult[];
  readonly files: number;
  readonly rows: number;
}

/**
 * Runs the data gates on every file of a source, where it lies: nothing is kept, nothing else is
 * needed.
 */
export async function judgeData(
  source: DataSource,
  spec: ProjectSpec,
  { files, now, onProgress, signal }: JudgeDeps,
): Promise<JudgedData> {
  const facts: FileFacts[] = [];
  for (const [i, file] of source.files.entries()) {
    signal?.throwIfAborted();
    onProgress?.(`${i + 1} of ${source.files.length}: ${file.path}`);
    facts.push(await factsOf(source, file, { files, spec }));
    // Parsing is synchronous: let progress and interruption have their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const rows = facts.reduce((sum, { file }) => sum + file.rows, 0);
  return { gates: dataGates(facts, spec, now), files: facts.length, rows };
}

async function factsOf(
  source: DataSource,
  file: SourceFile,
  { files, spec }: { files: Pick<SensorFiles, 'examine'>; spec: ProjectSpec },
): Promise<FileFacts> {
  const { path, problem } = file;
  const entry = { path, sha256: '', rows: 0, labelled: false };
  if (problem !== undefined) return unreadableFacts(dataFile(entry, spec, seedHash), problem);
  try {
    return await source.withFile(file, async (local) => {
      const hash = createHash('sha256');
      await pipeline(createReadStream(local), hash);
      const sha256 = hash.digest('hex');
      const table = await files.examine(local, spec.data);
      if ('unreadable' in table)
        return unreadableFacts(dataFile({ ...entry, sha256 }, spec, seedHash), table.unreadable);
      const labelled = table.header.includes(spec.data.label);
      const known = dataFile({ path, sha256, rows: table.rows, labelled }, spec, seedHash);
      return fileFacts(known, table, spec);
    });
  } catch (error) {
    if (!(error instanceof WindlassError) || error.code !== 'DATA_INVALID') throw error;
    return unreadableFacts(dataFile(entry, spec, seedHash), error.message);
  }
}

function seedHash(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}
