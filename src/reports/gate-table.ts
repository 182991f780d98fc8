import { html } from 'hono/html';
import type { GateResult } from '../contracts/gate.ts';

/** Gates with what was observed, what was allowed and why, as a table. */
export function gateTable(gates: readonly GateResult[]) {
  return html`<table>
    <tr>
      <th>gate</th>
      <th>verdict</th>
      <th class="n">observed</th>
      <th class="n">threshold</th>
      <th class="n">n</th>
      <th>reason</th>
    </tr>
    ${gates.map(
      (g) =>
        html`<tr>
          <td>${g.name}</td>
          <td class="${g.status}">${g.status}</td>
          <td class="n">${String(g.observed ?? '–')}</td>
          <td class="n">${String(g.threshold ?? '–')}</td>
          <td class="n">${g.n ?? '–'}</td>
          <td>${g.reason}</td>
        </tr>`,
    )}
  </table>`;
}
