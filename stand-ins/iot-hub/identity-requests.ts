import { z } from 'zod';
import { HubError } from './hub-error.ts';
import type { Json } from './json.ts';
import type { NewIdentity } from './directory.ts';

const keySchema = z
  .string()
  .nullish()
  .transform((key) => key ?? '');
const authenticationSchema = z
  .looseObject({
    type: z.enum(['sas', 'selfSigned', 'certificateAuthority', 'none']).nullish(),
    symmetricKey: z.looseObject({ primaryKey: keySchema, secondaryKey: keySchema }).nullish(),
  })
  .nullish();

const identitySchema = z.looseObject({
  status: z.enum(['enabled', 'disabled']).nullish(),
  statusReason: z.string().max(128).nullish(),
  managedBy: z.string().nullish(),
  capabilities: z.looseObject({ iotEdge: z.boolean().nullish() }).nullish(),
  authentication: authenticationSchema,
});

const IMPORT_MODES = [
  'create',
  'createOrUpdate',
  'createOrUpdateIfMatchETag',
  'update',
  'updateIfMatchETag',
  'delete',
  'deleteIfMatchETag',
  'updateTwin',
  'updateTwinIfMatchETag',
] as const;

const bulkItemSchema = z.looseObject({
  id: z.string().min(1),
  moduleId: z.string().nullish(),
  eTag: z.string().nullish(),
  etag: z.string().nullish(),
  twinETag: z.string().nullish(),
  importMode: z
    .string()
    .nullish()
    .transform((mode) =>
      IMPORT_MODES.find((known) => known.toLowerCase() === (mode ?? 'create').toLowerCase()),
    )
    .refine((mode) => mode !== undefined, `expected one of ${IMPORT_MODES.join(', ')}`),
  tags: z.record(z.string(), z.custom<Json>()).nullish(),
  properties: z.looseObject({ desired: z.record(z.string(), z.custom<Json>()).nullish() }).nullish(),
});
export type BulkItem = z.output<typeof bulkItemSchema>;

/** Reads the body of an identity request; throws ArgumentInvalid that names the wrong field. */
export function readIdentity(body: unknown, deviceId: string, moduleId: string | null): NewIdentity {
  const parsed = parse(identitySchema, body);
  const { authentication } = parsed;
  return {
    deviceId,
    moduleId,
    status: parsed.status ?? 'enabled',
    statusReason: parsed.statusReason ?? null,
    managedBy: parsed.managedBy ?? null,
    iotEdge: moduleId === null && (parsed.capabilities?.iotEdge ?? false),
    authentication: authentication
      ? {
          type: authentication.type ?? 'sas',
          symmetricKey: authentication.symmetricKey ?? { primaryKey: '', secondaryKey: '' },
        }
      : null,
  };
}

/** Reads one item of a bulk request. */
export function readBulkItem(body: unknown): BulkItem {
  return parse(bulkItemSchema, body);
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HubError(
    'ArgumentInvalid',
    `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not valid'}.`,
  );
}
