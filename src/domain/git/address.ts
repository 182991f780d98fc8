/**
 * Schemes that code is fetched by; git's transport helpers (`ext::` runs any program) are not among
 * them.
 */
export const GIT_SCHEMES = ['https', 'ssh', 'git', 'http', 'file'] as const;

const SCP_FORM = /^[\w.][\w.-]*@[\w.][\w.-]*:(?!\/\/)/;

/**
 * Whether a project is named by a git URL, or in git's form `user@host:path`, rather than by a
 * folder.
 */
export function isGitUrl(project: string): boolean {
  return (
    /^[a-z][a-z0-9+.-]*:\/\//i.test(project) ||
    /^[a-z][a-z0-9+.-]*::/i.test(project) ||
    SCP_FORM.test(project)
  );
}

/** Why git must not be given this URL, in words that end a sentence; undefined when it may. */
export function urlProblem(url: string): string | undefined {
  if (SCP_FORM.test(url)) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || !(GIT_SCHEMES as readonly string[]).includes(scheme))
    return `it must begin with ${GIT_SCHEMES.map((s) => `${s}://`).join(', ')}, or be of the form user@host:path`;
  if (/[\s\u0000-\u001f]/.test(url)) return 'it holds white space or control characters';
  const host = url.slice(scheme.length + 3).replace(/^[^/@]*@/, '');
  return host.startsWith('-') ? 'its host begins with "-"' : undefined;
}

/** A text in which every URL has lost its user and password. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)[^/@\s'"]*@/gi, '$1');
}

/** Whether a URL carries a user's password or token. */
export function hasCredentials(url: string): boolean {
  return /^https?:\/\/[^/]*@/i.test(url) || /^[a-z][a-z0-9+.-]*:\/\/[^/@]*:[^/@]*@/i.test(url);
}

/**
 * What two addresses of one repository have in common: host and path, without scheme, user, port
 * and `.git`.
 */
export function repositoryKey(url: string): string {
  const plain = withoutCredentials(url.trim());
  const scp = SCP_FORM.test(plain) ? plain.replace(/^[^@]*@([^:]+):\/*/, '$1/') : undefined;
  const path = scp ?? plain.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/^([^/]*):\d+(?=\/|$)/, '$1');
  const [host = '', ...rest] = path
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/');
  return [host.toLowerCase(), ...rest.filter((part) => part !== '')].join('/');
}
