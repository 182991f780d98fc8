/** A package whose version differs between two lock files; null where one of them lacks it. */
export interface ChangedPackage {
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** `name==1.2`, with extras, of pip; `- name=1.2=build` or `- channel::name==1.2`, of conda. */
const PACKAGE =
  /^\s*(?:- )?\s*["']?(?:[\w.-]+::)?([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*={1,3}\s*([^\s;"'\\]+)/;

/**
 * Packages of a pip lock file or a conda file by their names as PEP 503 compares them; lines that
 * name none are left out.
 */
export function lockPackages(text: string): Map<string, string> {
  const packages = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, version] = PACKAGE.exec(line) ?? [];
    if (name !== undefined && version !== undefined)
      packages.set(name.toLowerCase().replaceAll(/[-_.]+/g, '-'), version);
  }
  return packages;
}

/** What differs between two lock files, by name. */
export function changedPackages(from: string, to: string): ChangedPackage[] {
  const [before, after] = [lockPackages(from), lockPackages(to)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((name) => ({ name, from: before.get(name) ?? null, to: after.get(name) ?? null }))
    .filter((p) => p.from !== p.to);
}
