import type { Trigger } from '../../contracts/build/push.ts';
import { repositoryKey } from './address.ts';

/** One branch that a push moved, as the provider tells it. */
export interface Push {
  /** Addresses of the repository: each provider gives several. */
  readonly repositories: readonly string[];
  readonly branch: string;
  readonly commit: string;
  /** Null for a new branch. */
  readonly before: string | null;
  readonly pusher: string;
  /** Every file that the push touched, or null when the provider does not tell all of them. */
  readonly files: readonly string[] | null;
}

function matchesBranch(pattern: string, branch: string): boolean {
  return pattern.endsWith('*') ? branch.startsWith(pattern.slice(0, -1)) : pattern === branch;
}

/** The triggers for this repository and branch, whatever files were touched. */
export function triggersFor(push: Push, triggers: readonly Trigger[]): Trigger[] {
  const keys = new Set(push.repositories.map(repositoryKey));
  return triggers.filter(
    ({ repository, branch }) => keys.has(repositoryKey(repository)) && matchesBranch(branch, push.branch),
  );
}

/**
 * Whether the push may have changed the project's folder: yes, unless the provider lists all files
 * and none is in it.
 */
export function touchesProject({ files }: Pick<Push, 'files'>, project: string): boolean {
  if (files === null || project === '') return true;
  return files.some((file) => file.startsWith(`${project}/`));
}
