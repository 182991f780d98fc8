import { ALIASES } from '../contracts/names.ts';
import type { Access } from '../ports/access.ts';
import type { Registry } from '../ports/registry/registry.ts';

/**
 * The registry as people reach it, through the API or the command line: every change asks first
 * whether the role of who makes it allows it (FORBIDDEN). Workflows use the registry itself: they
 * act for whoever was allowed to start them.
 */
export function governRegistry(registry: Registry, access: Pick<Access, 'check'>): Registry {
  const aliasAction = (alias: string) => (alias === ALIASES.champion ? 'promote' : 'tag');
  return {
    ...registry,
    setAlias: async (target, by) => {
      await access.check(by.actor, { action: aliasAction(target.alias), project: target.name });
      return registry.setAlias(target, by);
    },
    removeAlias: async (target, by) => {
      await access.check(by.actor, { action: aliasAction(target.alias), project: target.name });
      return registry.removeAlias(target, by);
    },
    reviewModel: async (target, by) => {
      await access.check(by.actor, { action: 'approve', project: target.name });
      return registry.reviewModel(target, by);
    },
    changeState: async (target, by) => {
      await access.check(by.actor, { action: 'retire', project: target.name });
      return registry.changeState(target, by);
    },
    setTags: async (target, by) => {
      await access.check(by.actor, { action: 'tag', project: target.name });
      return registry.setTags(target, by);
    },
  };
}
