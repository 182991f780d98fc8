import { Readable } from 'node:stream';
import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { digestSchema } from '../../contracts/artefact.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { noteRead } from '../note-read.ts';
import { actorOf } from '../principal.ts';
import { auditEventSchema, auditVerdictSchema } from '../../contracts/audit-schema.ts';
import { reportAnswer } from '../answers/reports.ts';
import { answers, errorAnswer, limitSchema, nameSchema } from '../schemas.ts';

/** Shown by a browser; everything else is offered as a download. */
const SHOWN = /^(text\/(html|plain|csv)|application\/json|image\/(png|svg\+xml))\b/;
/**
 * A report may style itself and hold pictures; it may not run scripts, load anything, or act as
 * part of this site.
 */
const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits');

/** The audit trail, the monitoring reports, and the bytes of artefacts. */
export function addRecordRoutes(api: OpenAPIHono<ApiEnv>, { registry, reports, artefacts }: ApiDeps): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/audit',
      summary: 'Audit events, newest first',
      request: {
        query: z.strictObject({
          subject: z
            .string()
            .optional()
            .openapi({ description: 'e.g. model/pump-health@3; a * at the end matches what begins so' }),
          actor: z.string().optional(),
          action: z.string().optional().openapi({ description: 'e.g. alias.set' }),
          limit: limitSchema,
        }),
      },
      responses: answers(200, 'Events', z.array(auditEventSchema)),
    }),
    async (c) => c.json(await registry.audit(c.req.valid('query'))),
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/audit/verify',
      summary: 'Whether the audit trail is whole, recomputed from its first event',
      request: {
        query: z.strictObject({
          head: hashSchema.optional().openapi({ description: 'a head that an earlier answer gave' }),
        }),
      },
      responses: answers(200, 'The verdict', auditVerdictSchema),
    }),
    async (c) => c.json(await registry.verifyAudit(c.req.valid('query').head)),
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/reports',
      summary: 'Monitoring reports, newest first; html and json are digests of artefacts',
      request: {
        query: z.strictObject({
          model: nameSchema.optional(),
          version: z.string().optional(),
          limit: limitSchema,
        }),
      },
      responses: answers(200, 'Reports', z.array(reportAnswer)),
    }),
    async (c) => c.json(await reports.reports(c.req.valid('query'))),
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/artefacts/{digest}',
      summary: 'The bytes of an artefact, verified against its digest while they are sent',
      request: { params: z.object({ digest: digestSchema }) },
      responses: {
        200: {
          description: 'The bytes, with the media type they were stored with',
          content: { '*/*': { schema: z.string().openapi({ format: 'binary' }) } },
        },
        304: { description: 'The caller has them already' },
        default: errorAnswer,
      },
    }),
    async (c) => {
      const { digest } = c.req.valid('param');
      const found = await artefacts.stat(digest);
      if (found === undefined) throw new WindlassError('NOT_FOUND', `There is no artefact ${digest}.`);
      const etag = `"${digest}"`;
      const headers = { etag, 'cache-control': 'private, max-age=31536000, immutable' };
      if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
      const { mediaType, size } = found;
      await noteRead(registry, actorOf(c), { digest, mediaType, size });
      const utf8 = /^(text\/|application\/json)/.test(mediaType) && !mediaType.includes('charset');
      const bytes = Readable.toWeb(await artefacts.stream(digest)) as ReadableStream<Uint8Array>;
      return c.body(bytes, 200, {
        ...headers,
        'content-type': utf8 ? `${mediaType}; charset=utf-8` : mediaType,
        'content-length': String(size),
        'content-security-policy': SANDBOX,
        'content-disposition': SHOWN.test(mediaType)
          ? 'inline'
          : `attachment; filename="${digest.slice(7, 19)}"`,
      });
    },
  );
}
