import { ROLLOUT_STATES, type RolloutState } from '../../contracts/rollout/state.ts';
import { cellOf, isFinal, ROLLOUT_EVENTS, STATE_MEANING, type RolloutEvent } from './states.ts';

const id = (state: RolloutState): string => state.replaceAll('-', '_');

function arrows(from: RolloutState): string[] {
  const events = new Map<RolloutState, RolloutEvent[]>();
  for (const event of ROLLOUT_EVENTS) {
    const cell = cellOf(from, event);
    if (typeof cell === 'object') events.set(cell.to, [...(events.get(cell.to) ?? []), event]);
  }
  return [...events].map(([to, names]) => `  ${id(from)} --> ${id(to)}: ${names.join(' / ')}`);
}

function tableRow(state: RolloutState): string {
  const cells = ROLLOUT_EVENTS.map((event) => {
    const cell = cellOf(state, event);
    if (cell === 'refused') return '';
    if (cell === 'ignored') return 'ignored';
    return [cell.to, ...cell.effects.map((effect) => `*${effect}*`)].join('<br>');
  });
  return `| **${state}** | ${cells.join(' | ')} |`;
}

/**
 * The rollout's state table as a markdown page with a Mermaid diagram; `docs/rollout-states.md` is
 * this text.
 */
export function renderStatesPage(): string {
  return [
    '# States of a staged rollout',
    '',
    'Made from the table in `src/domain/rollout/states.ts` by `npm run docs`; a test compares them.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    `  [*] --> ${id('planned')}`,
    ...ROLLOUT_STATES.map((state) => `  state "${state}" as ${id(state)}`),
    ...ROLLOUT_STATES.flatMap(arrows),
    ...ROLLOUT_STATES.filter(isFinal).map((state) => `  ${id(state)} --> [*]`),
    '```',
    '',
    '| state | what happens there |',
    '|---|---|',
    ...ROLLOUT_STATES.map((state) => `| ${state} | ${STATE_MEANING[state]} |`),
    '',
    'Every cell of the table; an empty one is refused, with the events that are possible instead.',
    '',
    `| state | ${ROLLOUT_EVENTS.join(' | ')} |`,
    `|---|${ROLLOUT_EVENTS.map(() => '---').join('|')}|`,
    ...ROLLOUT_STATES.map(tableRow),
    '',
  ].join('\n');
}
