import { IDENTIFIERS } from '../../contracts/identifiers.ts';

/** Whether an alias may be called so; `latest` would be taken for the newest version. */
export function isAliasName(alias: string): boolean {
  return IDENTIFIERS.name.test(alias) && alias !== 'latest';
}
