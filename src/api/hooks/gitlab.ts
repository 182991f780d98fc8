import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { bodyKey, branchOf, commitBefore, idKey, isDeletion, sameSecret } from './provider.ts';
import type { HookCall, HookEvent, HookProvider } from './provider.ts';
import { commitId, readPayload } from './read-payload.ts';
import { pushedCommitSchema, touchedFiles } from './touched-files.ts';

const payload = z.object({
  ref: z.string(),
  before: commitId,
  after: commitId,
  user_username: z.string().optional(),
  user_name: z.string().optional(),
  commits: z.array(pushedCommitSchema).default([]),
  total_commits_count: z.number().default(Number.POSITIVE_INFINITY),
  project: z.object({
    git_http_url: z.string().optional(),
    git_ssh_url: z.string().optional(),
    web_url: z.string().optional(),
  }),
});

function eventOf(push: z.output<typeof payload>): HookEvent {
  const { ref, after, before, commits } = push;
  const branch = branchOf(ref);
  if (branch === undefined) return { kind: 'ignored', why: `${ref} is not a branch` };
  if (isDeletion(after)) return { kind: 'ignored', why: `${branch} was deleted` };
  const { git_http_url, git_ssh_url, web_url } = push.project;
  // GitLab tells 20 commits at most. It does not say that a push was forced; protected branches
  // refuse those.
  const all = commits.length === push.total_commits_count && commitBefore(before) !== null;
  return {
    kind: 'push',
    pushes: [
      {
        repositories: [git_http_url, git_ssh_url, web_url].filter((url) => url !== undefined),
        branch,
        commit: after,
        before: commitBefore(before),
        pusher: push.user_username ?? push.user_name ?? '',
        files: all ? touchedFiles(commits) : null,
      },
    ],
  };
}

/**
 * What the signing token is the key of: `v1,` and the HMAC over id, time and body, as Standard
 * Webhooks has it.
 */
function signatureOf({ header, body }: HookCall, token: string): string {
  const key = token.startsWith('whsec_') ? Buffer.from(token.slice('whsec_'.length), 'base64') : token;
  const signed = `${header('webhook-id') ?? ''}.${header('webhook-timestamp') ?? ''}.`;
  return `v1,${createHmac('sha256', key).update(signed).update(body).digest('base64')}`;
}

function isSigned(call: HookCall, token: string): boolean {
  const given = (call.header('webhook-signature') ?? '').split(' ');
  const expected = signatureOf(call, token);
  return given.some((signature) => sameSecret(signature, expected));
}

/**
 * GitLab: the signature by the hook's signing token when that is set (then nothing less will do),
 * otherwise its secret token in `X-Gitlab-Token`.
 */
export const gitlab: HookProvider = {
  variables: ['WINDLASS_HOOKS_GITLAB_SIGNING_TOKEN', 'WINDLASS_HOOKS_GITLAB_TOKEN'],
  configured: ({ gitlabToken, gitlabSigningToken }) =>
    gitlabToken !== undefined || gitlabSigningToken !== undefined,
  isAuthentic: (call, { gitlabToken, gitlabSigningToken }) => {
    if (gitlabSigningToken !== undefined) return isSigned(call, gitlabSigningToken);
    return gitlabToken !== undefined && sameSecret(call.header('x-gitlab-token') ?? '', gitlabToken);
  },
  read: (call, { gitlabSigningToken }) => {
    const { header } = call;
    // The event's UUID is shared by hooks that one event sets off; only the idempotency key is one
    // delivery's own.
    const id = gitlabSigningToken === undefined ? header('idempotency-key') : header('webhook-id');
    const keys: [string] = [id === undefined ? bodyKey(call.body) : idKey(id)];
    const seconds = gitlabSigningToken === undefined ? Number.NaN : Number(header('webhook-timestamp'));
    const madeAt = Number.isFinite(seconds) ? new Date(seconds * 1000) : undefined;
    const name = header('x-gitlab-event') ?? '';
    if (name !== 'Push Hook')
      return {
        keys,
        event: { kind: 'ignored', why: `the event "${name}" starts nothing; "Push Hook" does` },
      };
    return { keys, madeAt, event: eventOf(readPayload(call, payload, "GitLab's push event")) };
  },
};
