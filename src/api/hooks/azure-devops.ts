import { z } from 'zod';
import type { Push } from '../../domain/git/triggers.ts';
import { bodyKey, branchOf, commitBefore, idKey, isDeletion, sameSecret } from './provider.ts';
import type { HookCall, HookEvent, HookProvider } from './provider.ts';
import { commitId, readPayload } from './read-payload.ts';

const event = z.object({
  id: z.string().optional(),
  subscriptionId: z.string().optional(),
  notificationId: z.number().optional(),
  eventType: z.string(),
  createdDate: z.string().optional(),
});
const push = z.object({
  resource: z.object({
    refUpdates: z
      .array(z.object({ name: z.string(), oldObjectId: commitId, newObjectId: commitId }))
      .min(1, 'expected the refs that were moved: set "Resource details to send" to All'),
    repository: z.object({ remoteUrl: z.string(), sshUrl: z.string().optional() }),
    pushedBy: z.object({ uniqueName: z.string().optional(), displayName: z.string().optional() }).optional(),
  }),
});

function eventOf({ resource }: z.output<typeof push>): HookEvent {
  const { remoteUrl, sshUrl } = resource.repository;
  const by = resource.pushedBy;
  const pushes = resource.refUpdates.flatMap(({ name, oldObjectId, newObjectId }): Push[] => {
    const branch = branchOf(name);
    if (branch === undefined || isDeletion(newObjectId)) return [];
    return [
      {
        repositories: sshUrl === undefined ? [remoteUrl] : [remoteUrl, sshUrl],
        branch,
        commit: newObjectId,
        before: commitBefore(oldObjectId),
        files: null,
        pusher: by?.uniqueName ?? by?.displayName ?? '',
      },
    ];
  });
  return pushes.length > 0 ? { kind: 'push', pushes } : { kind: 'ignored', why: 'no branch was moved' };
}

/** The password of basic authentication, whatever the user's name. */
function basicPassword(header: string | undefined): string {
  const encoded = /^Basic (.+)$/i.exec(header ?? '')?.[1];
  return encoded === undefined
    ? ''
    : Buffer.from(encoded, 'base64')
        .toString('utf8')
        .replace(/^[^:]*:/, '');
}

/**
 * Azure DevOps: the secret as the password of basic authentication, or in the header
 * `X-Windlass-Token`.
 */
export const azureDevops: HookProvider = {
  variables: ['WINDLASS_HOOKS_AZURE_DEVOPS_SECRET'],
  configured: ({ azureDevopsSecret }) => azureDevopsSecret !== undefined,
  isAuthentic: ({ header }: HookCall, { azureDevopsSecret }) => {
    if (azureDevopsSecret === undefined) return false;
    const given = header('x-windlass-token') ?? basicPassword(header('authorization'));
    return sameSecret(given, azureDevopsSecret);
  },
  read: (call) => {
    const {
      id,
      subscriptionId = '',
      notificationId,
      eventType,
      createdDate,
    } = readPayload(call, event, "Azure DevOps's event");
    const own = notificationId === undefined ? id : `${subscriptionId}/${notificationId}/${id ?? ''}`;
    const keys: [string] = [own === undefined ? bodyKey(call.body) : idKey(own)];
    const made = createdDate === undefined ? Number.NaN : Date.parse(createdDate);
    const madeAt = Number.isNaN(made) ? undefined : new Date(made);
    if (eventType !== 'git.push')
      return {
        keys,
        event: { kind: 'ignored', why: `the event "${eventType}" starts nothing; "git.push" does` },
      };
    return { keys, madeAt, event: eventOf(readPayload(call, push, "Azure DevOps's push event")) };
  },
};
