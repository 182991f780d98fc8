import { z } from 'zod';
import { gateResultSchema } from '../gate.ts';
import { countSchema, measuredSchema, objectOf } from '../object-schema.ts';
import { type ColumnDrift, DECISIONS, type MonitorReport } from './monitor.ts';

const columnDriftSchema = objectOf<ColumnDrift>({
  column: z.string(),
  psi: measuredSchema.nullable(),
  threshold: measuredSchema.nullable(),
  status: z.enum(['stable', 'drift', 'insufficient']),
  n: countSchema,
  meanShift: measuredSchema.nullable(),
});

export const monitorReportSchema = objectOf<MonitorReport>({
  model: z.string(),
  version: z.string(),
  windows: countSchema,
  devices: countSchema,
  from: z.string().nullable(),
  to: z.string().nullable(),
  columns: z.array(columnDriftSchema),
  score: columnDriftSchema,
  gates: z.array(gateResultSchema),
  decision: z.enum(DECISIONS),
  arithmetic: z.array(z.string()),
}).meta({ id: 'MonitorReport' });
