import { z } from '@hono/zod-openapi';
import { monitorReportSchema } from '../../contracts/monitoring/monitor-report-schema.ts';
import { objectOf, timeSchema } from '../../contracts/object-schema.ts';
import type { StoredReport } from '../../ports/monitor-store.ts';

export const reportAnswer = objectOf<StoredReport>({
  id: z.string(),
  model: z.string(),
  version: z.string(),
  workflowId: z.string(),
  runId: z.string(),
  createdAt: timeSchema,
  drift: z.boolean(),
  report: monitorReportSchema,
  html: z.string().describe('digest of an artefact'),
  json: z.string().describe('digest of an artefact'),
}).meta({ id: 'Report' });
