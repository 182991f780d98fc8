import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderStatesPage } from '../src/domain/rollout/states-diagram.ts';

/** Writes docs/rollout-states.md from the state table: `node scripts/render-rollout-states.ts`. */
writeFileSync(join(import.meta.dirname, '../docs/rollout-states.md'), renderStatesPage());
