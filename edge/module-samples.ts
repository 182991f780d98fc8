import type { Sample } from './metrics.ts';
import type { ModuleParts } from './module-parts.ts';

/** What the module has counted, read at the moment of a scrape. */
export function moduleSamples(parts: ModuleParts | undefined): Sample[] {
  const memory = process.memoryUsage.rss();
  const process_: Sample[] = [
    { name: 'process_resident_memory_bytes', help: 'Resident memory.', type: 'gauge', value: memory },
  ];
  if (!parts) return process_;
  const { scorer, queue, model, device } = parts;
  const { name, version } = model.manifest;
  const stats = queue.stats(device);
  const { totals } = scorer;
  const counter = (metric: string, help: string, value: number): Sample => ({
    name: metric,
    help,
    type: 'counter',
    value,
  });
  return [
    ...process_,
    {
      name: 'windlass_model_info',
      help: 'The model that is loaded; 1 when it may score.',
      type: 'gauge',
      labels: { model: name, version, digest: model.digest },
      value: model.refusal === null ? 1 : 0,
    },
    counter('windlass_rows_total', 'Rows taken from the stream.', totals.rows),
    counter('windlass_windows_scored_total', 'Windows scored.', totals.scored),
    counter('windlass_windows_invalid_total', 'Windows that could not be scored.', totals.invalid),
    counter('windlass_alarms_total', 'Windows at or above the threshold.', totals.alarms),
    counter('windlass_queue_evicted_total', 'Messages given up for the disk quota.', stats.evicted),
    {
      name: 'windlass_queue_messages',
      help: 'Messages waiting for the hub.',
      type: 'gauge',
      value: stats.waiting,
    },
    { name: 'windlass_queue_bytes', help: 'Their bytes on disk.', type: 'gauge', value: stats.bytes },
  ];
}
