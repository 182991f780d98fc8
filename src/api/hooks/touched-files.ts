import { z } from 'zod';

const paths = z.array(z.string()).optional();

/** A commit in a push of GitHub or GitLab. */
export const pushedCommitSchema = z.object({ added: paths, modified: paths, removed: paths });
type PushedCommit = z.output<typeof pushedCommitSchema>;

/** A commit with this many files may be listed only in part. */
const MOST_FILES = 300;

/** Every file that the commits touched; null when a commit does not tell all. */
export function touchedFiles(commits: readonly PushedCommit[]): string[] | null {
  const files = new Set<string>();
  for (const { added, modified, removed } of commits) {
    if (added === undefined || modified === undefined || removed === undefined) return null;
    if (added.length + modified.length + removed.length >= MOST_FILES) return null;
    for (const path of [...added, ...modified, ...removed]) files.add(path);
  }
  return files.size === 0 ? null : [...files];
}
