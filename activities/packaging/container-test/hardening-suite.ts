import type { GateResult, GateValue } from '../../../src/contracts/gate.ts';
import type { InstanceFacts } from '../../../src/ports/image-instance.ts';
import type { Suite } from './suite-tools.ts';
import { gate } from '../../../src/domain/gates/build.ts';

interface Rule {
  readonly name: string;
  readonly threshold: GateValue;
  readonly observe: (facts: InstanceFacts) => GateValue;
  readonly holds: (facts: InstanceFacts) => boolean;
  readonly reason: string;
}

const RULES: readonly Rule[] = [
  {
    name: 'no-network',
    threshold: 'lo',
    observe: ({ networkInterfaces }) => networkInterfaces?.join(', ') ?? null,
    holds: ({ networkInterfaces }) => networkInterfaces?.every((name) => name === 'lo') ?? false,
    reason: 'network interfaces that the server sees: none but its own loopback',
  },
  {
    name: 'user',
    threshold: 'not 0',
    observe: ({ uid }) => uid,
    holds: ({ uid }) => uid !== null && uid !== 0,
    reason: 'effective user of the server',
  },
  {
    name: 'read-only-root',
    threshold: true,
    observe: ({ rootReadOnly }) => rootReadOnly,
    holds: ({ rootReadOnly }) => rootReadOnly === true,
    reason: 'the root file system is mounted read-only',
  },
  {
    name: 'capabilities',
    threshold: '0000000000000000',
    observe: ({ capabilities }) => capabilities,
    holds: ({ capabilities }) => capabilities !== null && /^0+$/.test(capabilities),
    reason: 'effective capabilities of the server',
  },
  {
    name: 'no-new-privileges',
    threshold: true,
    observe: ({ noNewPrivileges }) => noNewPrivileges,
    holds: ({ noNewPrivileges }) => noNewPrivileges === true,
    reason: 'programs cannot gain rights by set-uid',
  },
  {
    name: 'memory-limit',
    threshold: 'a limit',
    observe: ({ memoryLimitBytes }) => memoryLimitBytes,
    holds: ({ memoryLimitBytes }) => memoryLimitBytes !== null,
    reason: 'bytes that the server may use',
  },
  {
    name: 'pids-limit',
    threshold: 'a limit',
    observe: ({ pidsLimit }) => pidsLimit,
    holds: ({ pidsLimit }) => pidsLimit !== null,
    reason: 'processes and threads that the server may start',
  },
];

/**
 * What the kernel says about the running server. In a container a rule that does not hold fails; a
 * process cannot keep them all, so there it warns.
 */
export const hardeningSuite: Suite = async ({ instance }) => {
  const facts = await instance.facts();
  return RULES.map((rule): GateResult => {
    const ok = rule.holds(facts);
    const asProcess = instance.mode === 'process';
    return gate(`container.${rule.name}`, ok ? 'pass' : asProcess ? 'warn' : 'fail', {
      observed: rule.observe(facts),
      threshold: rule.threshold,
      n: 1,
      reason:
        ok || !asProcess
          ? rule.reason
          : `${rule.reason}; run as a process, which is not shut off like a container`,
    });
  });
};
