/** Whether a project is named by a git URL (`https://…`, `git@host:…`) rather than by a folder. */
export function isGitUrl(project: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(project) || /^[\w.-]+@[\w.-]+:/.test(project);
}
