import { createHmac } from 'node:crypto';

/** A webhook call as a git server makes it. */
export interface HookRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PushedCommit {
  readonly id: string;
  readonly touched: readonly string[];
}

export interface PushFacts {
  readonly repository: string;
  readonly branch: string;
  readonly before: string;
  readonly after: string;
  readonly commits: readonly PushedCommit[];
  /** Id of the delivery. */
  readonly delivery: string;
  readonly forced?: boolean;
  /** When the provider made it. */
  readonly at?: Date;
}

export const NO_COMMIT = '0'.repeat(40);

const commits = (list: readonly PushedCommit[]) =>
  list.map(({ id, touched }) => ({ id, message: 'Go on', added: [], removed: [], modified: touched }));

export function signGithub(body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** The shape of GitHub's push event, as far as receivers use it. */
export function githubPush(facts: PushFacts, secret: string): HookRequest {
  const { repository, branch, before, after, delivery } = facts;
  const body = JSON.stringify({
    before,
    after,
    ref: `refs/heads/${branch}`,
    created: before === NO_COMMIT,
    deleted: after === NO_COMMIT,
    forced: facts.forced ?? false,
    commits: commits(facts.commits),
    pusher: { name: 'ada', email: 'ada@example.com' },
    repository: {
      id: 7,
      full_name: 'acme/models',
      html_url: repository.replace(/\.git$/, ''),
      clone_url: repository,
      pushed_at: Math.floor((facts.at ?? new Date()).getTime() / 1000),
    },
    delivery, // so that no two bodies are the same
  });
  return {
    path: '/api/v1/hooks/git/github',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': delivery,
      'x-hub-signature-256': signGithub(body, secret),
    },
    body,
  };
}

/** The shape of GitLab's push event with its secret token. */
export function gitlabPush(facts: PushFacts, token: string): HookRequest {
  const { repository, branch, before, after, delivery } = facts;
  const body = JSON.stringify({
    object_kind: 'push',
    event_name: 'push',
    before,
    after,
    ref: `refs/heads/${branch}`,
    user_username: 'ada',
    project: { id: 7, web_url: repository.replace(/\.git$/, ''), git_http_url: repository },
    commits: commits(facts.commits),
    total_commits_count: facts.commits.length,
  });
  return {
    path: '/api/v1/hooks/git/gitlab',
    headers: {
      'content-type': 'application/json',
      'x-gitlab-event': 'Push Hook',
      'x-gitlab-event-uuid': 'shared-by-hooks',
      'idempotency-key': delivery,
      'x-gitlab-token': token,
    },
    body,
  };
}

/** Signs a call as GitLab does with a signing token (Standard Webhooks). */
export function signGitlab(request: HookRequest, token: string, at = new Date()): HookRequest {
  const id = request.headers['idempotency-key'] ?? '';
  const time = String(Math.floor(at.getTime() / 1000));
  const key = Buffer.from(token.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${time}.${request.body}`).digest('base64');
  const headers = {
    ...request.headers,
    'webhook-id': id,
    'webhook-timestamp': time,
    'webhook-signature': `v1,${signature}`,
  };
  return { ...request, headers };
}

/** The shape of Azure DevOps's git.push event; it tells no files. */
export function azurePush(facts: PushFacts, password: string): HookRequest {
  const { repository, branch, before, after, delivery } = facts;
  return {
    path: '/api/v1/hooks/git/azure-devops',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`windlass:${password}`).toString('base64')}`,
    },
    body: JSON.stringify({
      subscriptionId: '6b2c0a54-0000-4000-8000-000000000000',
      notificationId: 3,
      id: delivery,
      eventType: 'git.push',
      publisherId: 'tfs',
      resource: {
        commits: facts.commits.map(({ id }) => ({ commitId: id, comment: 'Go on' })),
        refUpdates: [{ name: `refs/heads/${branch}`, oldObjectId: before, newObjectId: after }],
        repository: { id: '5f1e', name: 'models', remoteUrl: repository },
        pushedBy: { displayName: 'Ada', uniqueName: 'ada@example.com' },
        pushId: 14,
      },
      createdDate: (facts.at ?? new Date()).toISOString(),
    }),
  };
}
