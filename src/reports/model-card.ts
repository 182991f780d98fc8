import { html, raw } from 'hono/html';
import type { ModelCard } from '../contracts/model/model-card.ts';
import { embedCard } from '../domain/registry/model-card.ts';
import {
  alertSection,
  calibrationSection,
  comparisonSection,
  gateSection,
  lineageSection,
  limitsSection,
  measuredSection,
  sliceSection,
} from './card-sections.ts';
import { profileSection } from './card-profile.ts';
import { searchSection } from './card-search.ts';

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:920px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;width:100%;margin:1em 0}th,td{border-bottom:1px solid #ddd;padding:.3em .6em;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.long{overflow-wrap:anywhere;font-family:ui-monospace,monospace;font-size:13px}
.fail,.breached,.missing,.refused,.failed,.INFERIOR,.INVALID{color:#a32015;font-weight:600}.pass,.kept,.passed,.judged,.SUPERIOR,.NON_INFERIOR,.NO_BASELINE{color:#1f6b47}
.warn,.insufficient,.INCONCLUSIVE{color:#8a5a00;font-weight:600}.charts{display:flex;flex-wrap:wrap;gap:8px}h1{margin-bottom:0}
.note{color:#555;font-size:14px}svg{max-width:100%;height:auto}`;

/** Sections in the order of the page; each gives nothing where the card has nothing to say. */
const SECTIONS = [
  measuredSection,
  comparisonSection,
  sliceSection,
  calibrationSection,
  alertSection,
  profileSection,
  searchSection,
  limitsSection,
  gateSection,
  lineageSection,
] as const;

/** The model card as one self-contained page, which also carries its JSON twin. */
export function modelCardHtml(card: ModelCard): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${card.name}: model card</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <h1>${card.name}</h1>
        <p>${card.description}</p>
        ${SECTIONS.map((section) => section(card))} ${raw(embedCard(card))}
      </body>
    </html>`;
  return page.toString();
}
