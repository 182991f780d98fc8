import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { bodyKey, branchOf, commitBefore, idKey, isDeletion, sameSecret } from './provider.ts';
import type { HookCall, HookEvent, HookProvider } from './provider.ts';
import { commitId, readPayload } from './read-payload.ts';
import { pushedCommitSchema, touchedFiles } from './touched-files.ts';

/** GitHub tells at most this many commits of a push. */
const MOST_COMMITS = 2048;

const payload = z.object({
  ref: z.string(),
  before: commitId,
  after: commitId,
  created: z.boolean().default(false),
  forced: z.boolean().default(false),
  commits: z.array(pushedCommitSchema).default([]),
  pusher: z.object({ name: z.string().default('') }).default({ name: '' }),
  repository: z.object({
    clone_url: z.string().optional(),
    ssh_url: z.string().optional(),
    git_url: z.string().optional(),
    html_url: z.string().optional(),
    pushed_at: z.union([z.number(), z.string()]).optional(),
  }),
});
type Payload = z.output<typeof payload>;

function eventOf({ ref, after, before, ...push }: Payload): HookEvent {
  const branch = branchOf(ref);
  if (branch === undefined) return { kind: 'ignored', why: `${ref} is not a branch` };
  if (isDeletion(after)) return { kind: 'ignored', why: `${branch} was deleted` };
  const { clone_url, ssh_url, git_url, html_url } = push.repository;
  // A forced push or a new branch changes more than its commits tell.
  const all = !push.created && !push.forced && push.commits.length < MOST_COMMITS;
  return {
    kind: 'push',
    pushes: [
      {
        repositories: [clone_url, ssh_url, git_url, html_url].filter((url) => url !== undefined),
        branch,
        commit: after,
        before: commitBefore(before),
        pusher: push.pusher.name,
        files: all ? touchedFiles(push.commits) : null,
      },
    ],
  };
}

function madeAt({ repository }: Payload): Date | undefined {
  const { pushed_at: at } = repository;
  const date = at === undefined ? undefined : new Date(typeof at === 'number' ? at * 1000 : at);
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}

/**
 * GitHub: the HMAC of the body in `X-Hub-Signature-256`. The delivery's id is not signed, so the
 * body is remembered, too.
 */
export const github: HookProvider = {
  variables: ['WINDLASS_HOOKS_GITHUB_SECRET'],
  configured: ({ githubSecret }) => githubSecret !== undefined,
  isAuthentic: ({ header, body }: HookCall, { githubSecret }) => {
    if (githubSecret === undefined) return false;
    const expected = `sha256=${createHmac('sha256', githubSecret).update(body).digest('hex')}`;
    return sameSecret(header('x-hub-signature-256') ?? '', expected);
  },
  read: (call) => {
    const name = call.header('x-github-event') ?? '';
    const id = call.header('x-github-delivery');
    const keys: [string, ...string[]] =
      id === undefined ? [bodyKey(call.body)] : [idKey(id), bodyKey(call.body)];
    if (name === 'ping') return { keys, event: { kind: 'ping' } };
    if (name !== 'push')
      return { keys, event: { kind: 'ignored', why: `the event "${name}" starts nothing; "push" does` } };
    const push = readPayload(call, payload, "GitHub's push event");
    return { keys, madeAt: madeAt(push), event: eventOf(push) };
  },
};
