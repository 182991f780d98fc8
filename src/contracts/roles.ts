import { z } from 'zod';

/** From looking to everything; somebody may have several on one project. */
export const ROLES = ['viewer', 'contributor', 'approver', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What the API and the command line let somebody do. */
export const ACTIONS = [
  'read',
  'build',
  'tag',
  'approve',
  'promote',
  'deploy',
  'monitor',
  'retire',
  'export',
  'delete',
  'administer',
] as const;
export type Action = (typeof ACTIONS)[number];

/** Stands for every project in a grant. */
export const ALL_PROJECTS = '*';

/** A role that somebody has on a project (a model's name) or on all of them. */
export interface Grant {
  readonly actor: string;
  readonly project: string;
  readonly role: Role;
}

export const grantSchema = z.strictObject({
  actor: z.string().min(1, 'expected a name'),
  project: z
    .string()
    .regex(/^(\*|[a-z][a-z0-9-]*)$/, 'expected the name of a model, or * for all')
    .default(ALL_PROJECTS),
  role: z.enum(ROLES, { error: `expected one of ${ROLES.join(', ')}` }),
});

/** A token for somebody, good until it expires. */
export const tokenRequestSchema = z.strictObject({
  actor: z.string().min(1, 'expected a name'),
  expiresAt: z
    .string()
    .refine((text) => !Number.isNaN(Date.parse(text)), 'expected a time, e.g. "2027-01-01"')
    .transform((text) => new Date(text))
    .optional(),
});
