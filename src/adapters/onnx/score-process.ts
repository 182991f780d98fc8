// Scores windows of many groups in a process of its own: node score-process.ts REQUEST ANSWER, both
// JSON files; progress as lines on stdout.
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ScoreAnswer, ScoreRequest, ScoreTask } from './protocol.ts';
import { BATCH } from './batches.ts';
import type { Batch, BatchTensor } from './batches.ts';
import { openSession, type ScoringSession } from './session.ts';
import { messageOf } from '../../base/error-message.ts';

const floats = (bytes: Buffer): Float32Array =>
  new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));

/** Windows ending at each of the given rows, as one batch. */
function batchOf(task: ScoreTask, values: Float32Array, rows: Uint32Array): Batch {
  const size = task.window * task.columns;
  const window = new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    const end = (row + 1) * task.columns;
    window.set(values.subarray(end - size, end), i * size);
  });
  const calibration = task.calibration.map(({ name, shape, values: own }): [string, BatchTensor] => {
    const data = new Float32Array(rows.length * own.length);
    for (let i = 0; i < rows.length; i += 1) data.set(own, i * own.length);
    return [name, { data, shape }];
  });
  return {
    n: rows.length,
    tensors: {
      [task.input]: { data: window, shape: [task.window, task.columns] },
      ...Object.fromEntries(calibration),
    },
  };
}

async function score(task: ScoreTask, session: ScoringSession): Promise<number> {
  const values = floats(await readFile(task.valuesFile));
  const rowBytes = await readFile(task.rowsFile);
  const rows = new Uint32Array(
    rowBytes.buffer.slice(rowBytes.byteOffset, rowBytes.byteOffset + rowBytes.length),
  );
  const scores = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += BATCH) {
    const part = rows.subarray(start, start + BATCH);
    scores.set((await session.run(batchOf(task, values, part))).scores, start);
  }
  await writeFile(task.scoresFile, Buffer.from(scores.buffer));
  return rows.length;
}

async function answer({ tasks }: ScoreRequest): Promise<ScoreAnswer> {
  let scored = 0;
  let done = 0;
  for (const [modelFile, own] of Map.groupBy(tasks, (t) => t.modelFile)) {
    const [first] = own;
    if (first === undefined) continue;
    const session = await openSession(modelFile, first.output, Math.min(4, availableParallelism()));
    try {
      for (const task of own) {
        scored += await score(task, session);
        done += 1;
        process.stdout.write(`scored ${done} of ${tasks.length} groups\n`);
      }
    } finally {
      await session.close();
    }
  }
  return { scored };
}

const [requestFile = '', answerFile = ''] = process.argv.slice(2);
try {
  const request = JSON.parse(await readFile(requestFile, 'utf8')) as ScoreRequest;
  await writeFile(answerFile, JSON.stringify(await answer(request)));
} catch (error) {
  const code = error instanceof WindlassError ? error.code : 'INTERNAL';
  const message = messageOf(error);
  await writeFile(answerFile, JSON.stringify({ error: { code, message } } satisfies ScoreAnswer));
}
