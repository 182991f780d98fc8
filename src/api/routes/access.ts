import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { grantSchema, tokenRequestSchema } from '../../contracts/roles.ts';
import { parseInput } from '../../errors/parse-input.ts';
import { readBody } from '../body.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { allow } from '../principal.ts';
import { grantAnswer, newTokenAnswer, tokenAnswer } from '../answers/access.ts';
import { answers, jsonBody } from '../schemas.ts';

const GRANT = { actor: 'bob', role: 'approver', project: 'pump-health' };
const TOKEN = { actor: 'bob', expiresAt: '2027-01-01' };

/** Roles and tokens: for admins only. */
export function addAccessRoutes(api: OpenAPIHono<ApiEnv>, { access }: ApiDeps): void {
  const change = (path: string, method: 'post' | 'delete') => ({
    path,
    method,
    request: { body: jsonBody(grantSchema, GRANT) },
    responses: answers(200, 'All grants', z.array(grantAnswer)),
  });
  const admin = { action: 'administer' } as const;

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/roles',
      summary: 'Who has which role on which project',
      responses: answers(200, 'Grants', z.array(grantAnswer)),
    }),
    async (c) => c.json(await access.grants()),
  );
  api.openapi(
    createRoute({ ...change('/api/v1/roles', 'post'), summary: 'Give somebody a role' }),
    async (c) => {
      const grant = parseInput(grantSchema, await readBody(c), { what: 'The grant', example: GRANT });
      const actor = await allow(c, access, { ...admin, project: grant.project });
      await access.grant(grant, { actor, reason: 'through the API' });
      return c.json(await access.grants());
    },
  );
  api.openapi(
    createRoute({ ...change('/api/v1/roles', 'delete'), summary: 'Take a role away' }),
    async (c) => {
      const grant = parseInput(grantSchema, await readBody(c), { what: 'The grant', example: GRANT });
      const actor = await allow(c, access, { ...admin, project: grant.project });
      await access.revoke(grant, { actor, reason: 'through the API' });
      return c.json(await access.grants());
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/tokens',
      summary: 'Tokens without their secrets',
      responses: answers(200, 'Tokens', z.array(tokenAnswer)),
    }),
    async (c) => {
      await allow(c, access, admin);
      return c.json(await access.tokens());
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/tokens',
      summary: 'Make a token for somebody; the answer is the only one that holds it',
      request: { body: jsonBody(tokenRequestSchema, TOKEN) },
      responses: answers(201, 'The token', newTokenAnswer),
    }),
    async (c) => {
      const asked = parseInput(tokenRequestSchema, await readBody(c), { what: 'The token', example: TOKEN });
      const actor = await allow(c, access, admin);
      c.header('cache-control', 'no-store');
      return c.json(await access.createToken(asked, { actor, reason: 'through the API' }), 201);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/tokens/{id}',
      summary: 'Make a token useless',
      request: { params: z.object({ id: z.string().min(1) }) },
      responses: answers(200, 'The token', tokenAnswer),
    }),
    async (c) => {
      const actor = await allow(c, access, admin);
      return c.json(await access.revokeToken(c.req.valid('param').id, { actor, reason: 'through the API' }));
    },
  );
}
