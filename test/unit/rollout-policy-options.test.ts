import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deployInputSchema } from '../../src/contracts/packaging/deploy.ts';
import { rolloutPolicySchema } from '../../src/contracts/rollout/policy.ts';
import { policyFrom } from '../../src/cli/commands/rollout/policy-options.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('policy');
afterAll(() => folder.remove());
const none = { ring: [], approval: [] };

function problem(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'nothing was wrong';
}

test('without flags the policy is the default one; flags win over the file', () => {
  expect(policyFrom(none)).toEqual(rolloutPolicySchema.parse({}));
  const file = join(folder.path, 'policy.yaml');
  writeFileSync(file, 'soakSeconds: 600\nminCoverage: 0.8\nrings: [{name: all, percent: 100}]\n');
  expect(policyFrom({ ...none, policy: file })).toMatchObject({
    soakSeconds: 600,
    minCoverage: 0.8,
    rings: [{ name: 'all', percent: 100 }],
  });
  const flags = { policy: file, ring: ['first=5', 'rest=100%'], approval: ['rest'], soak: '30' };
  expect(policyFrom(flags)).toMatchObject({
    soakSeconds: 30,
    approvals: ['rest'],
    rings: [
      { name: 'first', percent: 5 },
      { name: 'rest', percent: 100 },
    ],
  });
});

test('what is wrong is named, and nothing that does not parse is left out silently', () => {
  expect(problem(() => policyFrom({ ...none, ring: ['canary'] }))).toMatch(/--ring canary is not a ring/);
  expect(problem(() => policyFrom({ ...none, ring: ['canary=10'] }))).toMatch(
    /the last ring must be 100 percent/,
  );
  expect(problem(() => policyFrom({ ...none, ring: ['a=50', 'a=100'] }))).toMatch(/a name of its own/);
  expect(problem(() => policyFrom({ ...none, ring: ['a=60', 'b=50', 'c=100'] }))).toMatch(/must grow/);
  expect(problem(() => policyFrom({ ...none, approval: ['nobody'] }))).toMatch(
    /approvals: each must be the name/,
  );
  expect(problem(() => policyFrom({ ...none, soak: 'long' }))).toMatch(/soakSeconds/);
  const file = join(folder.path, 'wrong.yaml');
  writeFileSync(file, 'failureTreshold: 0.2\n');
  expect(problem(() => policyFrom({ ...none, policy: file }))).toMatch(/failureTreshold/);
  writeFileSync(file, '- a\n');
  expect(problem(() => policyFrom({ ...none, policy: file }))).toMatch(/holds no mapping/);
  expect(problem(() => policyFrom({ ...none, policy: join(folder.path, 'absent') }))).toMatch(
    /cannot be read/,
  );
});

test('the same policy is refused in the workflow’s input', () => {
  const wrong = deployInputSchema.safeParse({ rollout: { approvals: ['nobody'] } });
  expect(wrong.error?.issues[0]?.path).toEqual(['rollout', 'approvals']);
});
