import { movesBranch, type Pushed } from '../../src/domain/git/push-order.ts';
import { touchesProject, triggersFor, type Push } from '../../src/domain/git/triggers.ts';
import { triggerSchema } from '../../src/contracts/build/push.ts';

const push = (commit: string, before: string | null): Pushed => ({ commit, before });

test.each<[string, Pushed, Pushed[], boolean]>([
  ['the first', push('a', null), [], true],
  ['one that goes on from the tip', push('b', 'a'), [push('a', null)], true],
  ['one after a gap', push('d', 'c'), [push('a', null)], true],
  ['one that another started from', push('b', 'a'), [push('c', 'b')], false],
  [
    'one that an older one started from, two pushes late',
    push('b', 'a'),
    [push('c', 'b'), push('d', 'c')],
    false,
  ],
  ['a forced push back to the start', push('a', 'b'), [push('b', 'a')], true],
  ['a forced push back over two', push('a', 'c'), [push('b', 'a'), push('c', 'b')], true],
])('%s moves the branch: %#', (_what, now, known, expected) => {
  expect(movesBranch(now, known)).toBe(expected);
});

describe('triggers', () => {
  const trigger = (over: object) =>
    triggerSchema.parse({ repository: 'https://git.example.com/acme/models.git', ...over });
  const pushed = (over: Partial<Push> = {}): Push => ({
    repositories: ['https://git.example.com/acme/models', 'git@git.example.com:acme/models.git'],
    branch: 'main',
    commit: 'b',
    before: 'a',
    pusher: 'ada',
    files: null,
    ...over,
  });

  test('match by repository, however it is named, and by branch', () => {
    const triggers = [
      trigger({}),
      trigger({ repository: 'git@git.example.com:acme/models.git', project: 'pumps' }),
      trigger({ repository: 'https://git.example.com/acme/other' }),
      trigger({ branch: 'release/*' }),
    ];
    expect(triggersFor(pushed(), triggers)).toEqual(triggers.slice(0, 2));
    expect(triggersFor(pushed({ branch: 'release/1.2' }), triggers)).toEqual(triggers.slice(3));
    expect(triggersFor(pushed({ branch: 'main2' }), triggers)).toEqual([]);
    expect(triggersFor(pushed({ repositories: [] }), triggers)).toEqual([]);
  });

  test('a project counts as touched unless all files are told and none lies in it', () => {
    expect(touchesProject({ files: ['pumps/train.py', 'README.md'] }, 'pumps')).toBe(true);
    expect(touchesProject({ files: ['pumps2/train.py', 'README.md'] }, 'pumps')).toBe(false);
    expect(touchesProject({ files: ['README.md'] }, '')).toBe(true);
    expect(touchesProject({ files: null }, 'pumps')).toBe(true);
  });

  test('a folder is written plainly; passwords, other schemes and folders outside are refused', () => {
    expect(trigger({ project: './pumps/' }).project).toBe('pumps');
    expect(trigger({ project: '.' })).toMatchObject({ project: '', branch: 'main' });
    for (const over of [
      { repository: 'https://ada:secret@git.example.com/a.git' },
      { repository: 'https://t0ken@git.example.com/a.git' },
      { repository: 'ext::sh -c true' },
      { repository: '/srv/git/models' },
      { project: '../elsewhere' },
      { deploy: 'sometimes' },
      { brunch: 'main' },
    ])
      expect(() => trigger(over)).toThrow(/expected|password|unrecognized/i);
  });
});
