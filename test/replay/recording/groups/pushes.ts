import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PushCoordinatorState } from '../../../../src/contracts/build/push.ts';
import { GIT_PUSH_SIGNAL, WORKFLOWS } from '../../../../src/contracts/names.ts';
import { gitIn } from '../../../support/tiny-project.ts';
import type { Bench } from '../bench.ts';
import type { HistoryKeeper } from '../keep-history.ts';
import { answers, continues, lengthen } from '../steer.ts';

/** A push coordinator that builds a push, leaves out repeated ones, and continues as new. */
export async function recordPushes(bench: Bench, keeper: HistoryKeeper): Promise<void> {
  const { repository, project, data, commit } = await bench.tiny();
  const origin = join(bench.folder, 'origin.git');
  execFileSync('git', ['clone', '--quiet', '--bare', repository, origin]);
  gitIn(repository, 'remote', 'add', 'origin', origin);
  const push = (name: string): object => {
    writeFileSync(join(project, 'note.txt'), name);
    const pushed = commit(`Note ${name}`);
    gitIn(repository, 'push', '--quiet', 'origin', 'main');
    return { id: name, commit: pushed, build: { project: `file://${origin}#models/tiny`, data } };
  };
  const [where, branch] = ['example/models', 'main'];
  const handle = await bench.start(WORKFLOWS.pushCoordinator, `pushes-${where}#models/tiny@${branch}`, {
    repository: where,
    branch,
    project: 'models/tiny',
    debounceSeconds: 1,
  });
  const first = push('one');
  await handle.signal(GIT_PUSH_SIGNAL, first);
  await handle.signal(GIT_PUSH_SIGNAL, { id: 'no push' });
  await answers<PushCoordinatorState>(handle, 'pushes', ({ builds }) => builds.length === 1);
  await lengthen(handle, () => handle.signal(GIT_PUSH_SIGNAL, first));
  writeFileSync(join(project, 'check.py'), 'raise SystemExit(3)');
  await handle.signal(GIT_PUSH_SIGNAL, push('broken'));
  await continues(handle);
  const { workflowId, firstExecutionRunId: runId } = handle;
  await keeper.keep('push-coordinator.continued', { workflowId, runId });
  await keeper.keep('push-coordinator.open', { workflowId });
}
