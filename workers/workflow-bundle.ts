import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger, type WorkflowBundle } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const WORKFLOWS_PATH = join(ROOT, 'workflows/all-workflows.ts');
const CACHE = join(ROOT, 'node_modules/.cache/windlass');

/**
 * Everything that can enter the bundle: workflows may import only these folders, and packages that
 * the lock file pins.
 */
const SOURCES = [
  'workflows/**/*.ts',
  'src/domain/**/*.ts',
  'src/contracts/**/*.ts',
  'src/base/**/*.ts',
  'package-lock.json',
];

function sourcesDigest(): string {
  const hash = createHash('sha256');
  for (const path of globSync(SOURCES, { cwd: ROOT }).toSorted())
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(ROOT, path)))
      .update('\0');
  return hash.digest('hex').slice(0, 24);
}

/**
 * The code of all workflows in one file for Temporal's sandbox. Bundling takes seconds, so the
 * result is kept by the digest of its sources; where the cache cannot be written it is bundled each
 * time.
 */
export async function loadWorkflowBundle(logger?: Logger): Promise<WorkflowBundle> {
  const file = join(CACHE, `workflows-${sourcesDigest()}.js`);
  if (existsSync(file)) return { code: readFileSync(file, 'utf8') };
  const bundle = await bundleWorkflowCode({ workflowsPath: WORKFLOWS_PATH, logger });
  try {
    mkdirSync(CACHE, { recursive: true });
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, bundle.code);
    renameSync(temporary, file);
  } catch (error) {
    logger?.warn('the workflow bundle could not be kept', { error });
  }
  return bundle;
}
