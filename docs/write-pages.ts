import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderStatesPage } from '../src/domain/rollout/states-diagram.ts';
import { renderErrorTable } from '../src/errors/render-table.ts';
import { renderWindlassYaml } from './render-windlass-yaml.ts';

/**
 * `npm run docs`: writes the pages that are made from tables in the code; tests hold them to it.
 */
await writeFile(join(import.meta.dirname, 'errors.md'), renderErrorTable());
await writeFile(join(import.meta.dirname, 'rollout-states.md'), renderStatesPage());
await writeFile(join(import.meta.dirname, 'windlass-yaml.md'), renderWindlassYaml());
