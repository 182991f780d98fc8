import type { SearchResult } from '../../../contracts/build/search.ts';
import { describeParams, describeSearch, rankedTrials } from '../../../domain/search/best-trial.ts';
import { table } from '../../shared/output.ts';

const SHOWN = 10;

/** A search for people: how it was judged, and its best trials; --json has all. */
export function showSearch({ trials, validation, seconds }: SearchResult): string[] {
  const ranked = rankedTrials(trials);
  const rest = ranked.length - SHOWN;
  return [
    `  searched   ${describeSearch(trials, trials.length)}`,
    `             judged on ${validation.groups} groups that the metrics above leave out, in ${seconds.toFixed(1)} s`,
    '',
    table(
      ['TRIAL', 'F1', 'SECONDS', 'PARAMETERS', ''],
      ranked
        .slice(0, SHOWN)
        .map((t) => [
          ...[String(t.trial), t.metric?.toFixed(4) ?? t.status, t.seconds.toFixed(1)],
          ...[describeParams(t.params), t.reason?.split('\n')[0]?.slice(0, 60) ?? (t.cached ? 'reused' : '')],
        ]),
    ),
    ...(rest > 0 ? [`  and ${rest} more (--json lists all)`] : []),
  ];
}
