import type { OptimisationResult } from '../../../contracts/build/optimisation.ts';
import { table } from '../../shared/output.ts';

/** The forms of a model that were tried, for people: what each costs and why one was kept. */
export function showOptimisation({ variants, kept, reason, unmeasured }: OptimisationResult): string[] {
  const out = variants.filter(({ status }) => status === 'refused' || status === 'failed');
  return [
    `  optimised  ${kept} is kept: ${reason}`,
    ...out.map(
      ({ variant, status, reason: why }) =>
        `             ${status === 'failed' ? '' : `${variant} refused: `}${why.split('\n').join(' ')}`,
    ),
    ...unmeasured.map((u) => `             not measured on ${u.platform}: ${u.reason}`),
    '',
    table(
      ['FORM', 'STATUS', 'KB', 'F1', 'PLATFORM', 'P50 MS', 'P99 MS', 'ROWS/S', 'MB'],
      variants.flatMap(({ variant, status, bytes, f1, profiles }) => {
        const head = [variant, status, bytes === null ? '' : (bytes / 1000).toFixed(1), f1?.toFixed(4) ?? ''];
        if (profiles.length === 0) return [[...head, '', '', '', '', '']];
        return profiles.map(({ machine, latency, rowsPerSecond, memory }, i) => [
          ...(i === 0 ? head : ['', '', '', '']),
          ...[machine.platform, latency.p50.toFixed(3), latency.p99.toFixed(3), String(rowsPerSecond)],
          memory.sessionMb.toFixed(1),
        ]);
      }),
    ),
  ];
}
