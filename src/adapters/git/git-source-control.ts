import { WindlassError } from '../../errors/windlass-error.ts';
import type { SourceControl } from '../../ports/source-control.ts';
import { filesOfCommit, filesOfWorkTree } from './project-files.ts';
import { commitOf } from './mirror.ts';
import { dirtyFiles, locateProject } from './repository.ts';
import { bundleFiles, readBundle, unpackBundle } from './source-bundle.ts';

const SHOWN_FILES = 20;

/**
 * Source control over the git command; `mirrors` is the folder in which repositories named by URL
 * are kept.
 */
export function createGitSourceControl(options: { readonly mirrors: string }): SourceControl {
  return {
    async checkout({ project, ref, allowDirty, ignoreTree = false }, signal) {
      const located = await locateProject(project, { ref, mirrors: options.mirrors, signal });
      const { commit } = located;
      // Another ref than what is checked out has nothing to do with the state of the work tree.
      const changed =
        !ignoreTree && located.workTree !== null && commit === (await commitOf(located.gitDir, 'HEAD'))
          ? await dirtyFiles(located)
          : [];
      if (changed.length > 0 && !allowDirty)
        throw new WindlassError(
          'TREE_DIRTY',
          `${changed.length} file(s) of ${project} are not as in commit ${commit.slice(0, 12)}: ${changed.slice(0, SHOWN_FILES).join(', ')}${changed.length > SHOWN_FILES ? ', …' : ''}.`,
          { details: { commit, changed: changed.slice(0, 100) } },
        );
      const files =
        changed.length > 0 && located.workTree !== null
          ? await filesOfWorkTree(located.workTree)
          : await filesOfCommit(located, commit);
      const { repository, subfolder } = located;
      return { repository, subfolder, commit, changed, files, bundle: await bundleFiles(files) };
    },
    readBundle,
    unpack: unpackBundle,
  };
}
