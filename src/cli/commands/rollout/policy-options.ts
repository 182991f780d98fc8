import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { rolloutPolicySchema, type RolloutPolicy } from '../../../contracts/rollout/policy.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import { parseInput } from '../../../errors/parse-input.ts';
import { messageOf } from '../../../base/error-message.ts';

export interface PolicyOptions {
  readonly ring: readonly string[];
  readonly policy?: string;
  readonly approval: readonly string[];
  readonly soak?: string;
}

const EXAMPLE = {
  rings: [
    { name: 'canary', percent: 10 },
    { name: 'fleet', percent: 100 },
  ],
  soakSeconds: 600,
};

function ringOf(text: string): { name: string; percent: number } {
  const match = /^([^=]+)=([0-9.]+)%?$/.exec(text);
  if (match === null)
    throw new WindlassError('INPUT_INVALID', `--ring ${text} is not a ring.`, {
      hint: 'Write --ring NAME=PERCENT with the cumulative share, e.g. --ring canary=10 --ring fleet=100.',
    });
  return { name: match[1] ?? '', percent: Number(match[2]) };
}

function readPolicyFile(path: string): Record<string, unknown> {
  try {
    const value: unknown = parseYaml(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    const problem = messageOf(error);
    throw new WindlassError('INPUT_INVALID', `The policy file ${path} cannot be read: ${problem}`);
  }
  throw new WindlassError('INPUT_INVALID', `The policy file ${path} holds no mapping of settings.`, {
    details: { example: EXAMPLE },
  });
}

/**
 * The rollout policy that flags and a policy file (YAML or JSON) add up to; flags win. Throws
 * INPUT_INVALID.
 */
export function policyFrom(options: PolicyOptions): RolloutPolicy {
  const file = options.policy === undefined ? {} : readPolicyFile(options.policy);
  const value = {
    ...file,
    ...(options.ring.length === 0 ? {} : { rings: options.ring.map(ringOf) }),
    ...(options.approval.length === 0 ? {} : { approvals: options.approval }),
    ...(options.soak === undefined ? {} : { soakSeconds: Number(options.soak) }),
  };
  const schema: z.ZodType<RolloutPolicy> = rolloutPolicySchema;
  return parseInput(schema, value, {
    what: 'The rollout policy',
    example: EXAMPLE,
    lines: true,
  });
}

/** Collects an option that may be repeated. */
export const repeated = (value: string, all: readonly string[]): string[] => [...all, value];

/**
 * The options that say which devices a rollout reaches and by what policy; `policyFrom` reads them.
 */
export function addPolicyOptions(command: Command): Command {
  return command
    .option(
      '--ring <name=percent>',
      'a ring with its cumulative share; repeat, the last is 100',
      repeated,
      [],
    )
    .option('--policy <file>', 'YAML file with the rollout policy; flags win')
    .option('--approval <ring>', 'a ring that waits for an approval; may be repeated', repeated, [])
    .option('--soak <seconds>', 'how long a device must be right before it counts as good')
    .option('--devices <condition>', "devices, in the hub's query language (default: all edge devices)", '');
}
