#!/usr/bin/env node
/**
 * The `windlass` program: runs main.ts on Node 24, which reads TypeScript. An older Node that was started instead hands over to
 * the one that npm installed with the project.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = new URL('./main.ts', import.meta.url);

if (Number(process.versions.node.split('.')[0]) >= 24) {
  await import(main.href);
} else {
  const packageFile = createRequire(import.meta.url).resolve('node/package.json');
  const node = join(dirname(packageFile), 'bin', 'node');
  // The terminal sends Ctrl-C to both; the child decides when to end.
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => undefined);
  const { status, error } = spawnSync(node, [fileURLToPath(main), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  if (error !== undefined) process.stderr.write(`windlass needs Node 24: ${error.message}. Run npm ci.\n`);
  process.exit(status ?? 1);
}
