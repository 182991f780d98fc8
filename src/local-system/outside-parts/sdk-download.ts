import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachedProgram } from './look.ts';
import type { Environment, Found, PartSource } from './part.ts';
import { reasonOf } from './run-and-tell.ts';

const HOST = 'https://temporal.download';
const ANSWER_MS = 10_000;
const DOWNLOAD_MS = 120_000;

/**
 * Asks for a sign of life first, because the SDK itself waits long where packets are dropped; a
 * proxy is the SDK's affair.
 */
async function whyUnreachable(env: Environment): Promise<string | undefined> {
  if ((env.HTTPS_PROXY ?? env.https_proxy ?? '') !== '') return undefined;
  try {
    await fetch(HOST, { method: 'HEAD', signal: AbortSignal.timeout(ANSWER_MS) });
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `${HOST} does not answer: ${reasonOf(cause)}`;
  }
}

/** The SDK only downloads as part of a start; the server that it starts is stopped at once. */
async function startOnce(kind: 'dev' | 'time-skipping', downloadDir: string): Promise<void> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const server = { executable: { type: 'cached-download', downloadDir } } as const;
  const starting =
    kind === 'dev'
      ? TestWorkflowEnvironment.createLocal({ server })
      : TestWorkflowEnvironment.createTimeSkipping({ server });
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in two minutes')), DOWNLOAD_MS);
  });
  try {
    await (await Promise.race([starting, timeout])).teardown();
  } finally {
    clearTimeout(timer);
  }
}

/** The download of Temporal's SDK, kept in the cache as `program`. */
export function sdkDownload(kind: 'dev' | 'time-skipping', program: string): PartSource {
  return {
    name: "the SDK's download",
    makes: true,
    find: async ({ env, cacheDir, report }): Promise<Found> => {
      const unreachable = await whyUnreachable(env);
      if (unreachable !== undefined) return { missing: unreachable };
      report(`downloading ${program} from ${HOST}`);
      const path = cachedProgram(cacheDir, program);
      mkdirSync(dirname(path), { recursive: true });
      const made = mkdtempSync(join(cacheDir, 'sdk-'));
      try {
        await startOnce(kind, made);
        const name = readdirSync(made).find((file) => file.startsWith('temporal'));
        if (name === undefined) return { missing: `the download left no program in ${made}` };
        renameSync(join(made, name), path);
        return { path };
      } catch (error) {
        return { missing: reasonOf(error) };
      } finally {
        rmSync(made, { recursive: true, force: true });
      }
    },
  };
}
