import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { FileFacts } from './file-facts.ts';
import { complaintGate } from './gate-parts.ts';

/**
 * Can every file be read, row by row, and has it the columns that windlass.yaml names, each once?
 */
export function structureGates(facts: readonly FileFacts[], spec: ProjectSpec): GateResult[] {
  const readable = facts.filter((f) => f.table !== null);
  const required = [spec.data.timestamp, ...spec.data.columns.map((column) => column.name)];
  return [
    complaintGate(facts, {
      name: 'readable-files',
      what: 'files cannot be read',
      complain: ({ unreadable }) => ({
        count: unreadable === null ? 0 : 1,
        samples: unreadable === null ? [] : [{ line: 0, text: unreadable }],
      }),
      pass: `all ${facts.length} files can be read`,
    }),
    complaintGate(readable, {
      name: 'whole-rows',
      what: 'rows do not have the cells of the header',
      complain: ({ table }) => table?.findings.ragged ?? { count: 0, samples: [] },
      pass: 'every row has a cell for each column',
      hint: 'A last row that is cut off is the sign of an interrupted copy',
    }),
    complaintGate(readable, {
      name: 'required-columns',
      what: 'columns are missing',
      complain: ({ table }) => {
        const missing = table?.missingColumns ?? [];
        const has = (table?.header ?? []).slice(0, 30).join(', ').slice(0, 400);
        const samples = missing.map((column) => {
          return { line: 1, column, text: `no column "${column}"; it has ${has}` };
        });
        return { count: missing.length, samples };
      },
      pass: `every file has the columns ${required.join(', ')}`,
    }),
    complaintGate(readable, {
      name: 'distinct-columns',
      what: 'column names occur twice',
      complain: ({ table }) => {
        const doubled = table?.doubledColumns ?? [];
        const samples = doubled.map((column) => {
          return { line: 1, column, text: `"${column}" occurs more than once` };
        });
        return { count: doubled.length, samples };
      },
      pass: 'no column name occurs twice',
    }),
  ];
}
