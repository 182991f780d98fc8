// Runs in a process of its own, because a model file that others made may crash or hang the
// runtime: node gate-process.ts REQUEST ANSWER, both JSON files.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ModelRuntime } from '../../ports/model-runtime.ts';
import type { GateAnswer, GateRequest } from './protocol.ts';
import { readStructure } from './read-structure.ts';
import { messageOf } from '../../base/error-message.ts';

type Inspected = Awaited<ReturnType<ModelRuntime['inspect']>>[number];

async function inspect(file: string, maxBytes: number): Promise<Inspected> {
  const { size } = await stat(file);
  if (size > maxBytes) return { tooLarge: size };
  try {
    return readStructure(await readFile(file));
  } catch (error) {
    if (error instanceof WindlassError) return { refused: error.message };
    throw error;
  }
}

async function answer(request: GateRequest): Promise<GateAnswer> {
  if (request.task === 'inspect') {
    const structures: Inspected[] = [];
    // One after the other: each may take much memory.
    for (const file of request.modelFiles) structures.push(await inspect(file, request.maxBytes));
    return { structures };
  }
  // The runtime is loaded only for files that have been read and accepted before.
  if (request.task === 'optimise') {
    const { optimise } = await import('./optimise-graph.ts');
    await optimise(request.from, request.to);
    return { written: request.to };
  }
  const [{ openSession }, { readGolden }, { exercise, profile }] = await Promise.all([
    import('./session.ts'),
    import('./golden-file.ts'),
    import('./exercise.ts'),
  ]);
  const { expect, modelFile } = request;
  const open = () => openSession(modelFile, expect.output);
  if (request.task === 'predict-golden') {
    const { predictGolden } = await import('./predict-golden.ts');
    await predictGolden(open, await readGolden(request.goldenFile, expect), request);
    return { written: request.to };
  }
  const golden = request.goldenFile === undefined ? undefined : await readGolden(request.goldenFile, expect);
  return request.task === 'exercise'
    ? { behaviour: await exercise(open, golden, expect) }
    : { profile: await profile(open, golden, expect) };
}

const [requestFile = '', answerFile = ''] = process.argv.slice(2);
try {
  const request = JSON.parse(await readFile(requestFile, 'utf8')) as GateRequest;
  await writeFile(answerFile, JSON.stringify(await answer(request)));
} catch (error) {
  const code = error instanceof WindlassError ? error.code : 'INTERNAL';
  const message = messageOf(error);
  await writeFile(answerFile, JSON.stringify({ error: { code, message } } satisfies GateAnswer));
}
