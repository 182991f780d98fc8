import type { EntryHost } from './entry-host.ts';
import type { EdgeModel } from './model.ts';
import type { StoreAndForward } from './queue.ts';
import type { Scorer } from './scorer.ts';

/** The parts behind the server, once the model is loaded. */
export interface ModuleParts {
  readonly model: EdgeModel;
  readonly entry: EntryHost;
  readonly scorer: Scorer;
  readonly queue: StoreAndForward;
  readonly device: string;
}
