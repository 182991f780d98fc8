import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { messageOf } from '../../../src/base/error-message.ts';
import { HISTORIES } from '../histories.ts';
import { scrub } from './scrub.ts';

interface Metadata {
  readonly definition?: { readonly queryDefinitions?: readonly { readonly name: string }[] };
}

/** One run of a workflow; without a run id, its newest. */
export interface Run {
  readonly workflowId: string;
  readonly runId?: string;
}

/** Writes histories of one Temporal server into the folder of the replay test. */
export class HistoryKeeper {
  readonly #client: Client;
  /** Names of what was written. */
  readonly kept: string[];

  constructor(client: Client, kept: string[] = []) {
    this.#client = client;
    this.kept = kept;
  }

  /**
   * Writes the history of a run as `NAME.json`, one event a line. A query leaves no event, so each
   * that the workflow offers is asked, and its name is kept beside the events.
   */
  async keep(name: string, { workflowId, runId }: Run): Promise<void> {
    const handle = this.#client.workflow.getHandle(workflowId, runId);
    const { definition } = await handle.query<Metadata>('__temporal_workflow_metadata');
    const queries: string[] = [];
    for (const { name: query } of definition?.queryDefinitions ?? []) {
      if (query.startsWith('__')) continue; // of every workflow
      await handle.query(query).then(
        () => queries.push(query),
        (error: unknown) => console.log(`  ${name}: ${query} was refused: ${messageOf(error)}`),
      );
    }
    const { events } = scrub(JSON.parse(historyToJSON(await handle.fetchHistory()))) as { events: object[] };
    const lines = events.map((event) => JSON.stringify(event)).join(',\n');
    const head = `"workflowId": ${JSON.stringify(scrub(workflowId))}, "queries": ${JSON.stringify(queries)}`;
    writeFileSync(join(HISTORIES, `${name}.json`), `{${head}, "events": [\n${lines}\n]}\n`);
    this.kept.push(name);
    const seconds = performance.now() / 1000; // since the recording began
    console.log(`  ${seconds.toFixed(0)} s: ${name}, ${events.length} events`);
  }
}
