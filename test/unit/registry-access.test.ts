import { metricConditionSchema, modelSearchSchema } from '../../src/contracts/model/model-search.ts';
import { ACTIONS } from '../../src/contracts/roles.ts';
import type { Role } from '../../src/contracts/roles.ts';
import { PERMISSIONS, refusesAction } from '../../src/domain/registry/roles.ts';

describe('roles', () => {
  const has = (role: Role, project = 'pump-health') => [{ actor: 'bob', project, role }];

  test('who may do what', () => {
    const may = (role: Role) =>
      ACTIONS.filter((action) => refusesAction({ action, project: 'pump-health' }, has(role)) === null);
    expect(may('viewer')).toEqual(['read']);
    expect(may('contributor')).toEqual(['read', 'build', 'tag', 'monitor', 'export']);
    expect(may('approver')).toEqual(['read', 'approve']);
    expect(may('operator')).toEqual(['read', 'tag', 'promote', 'deploy', 'monitor', 'retire', 'export']);
    expect(may('admin')).toEqual([...ACTIONS]);
    for (const action of ACTIONS) expect(PERMISSIONS[action]).toContain('admin');
  });

  test('a role counts on its project, on all of them, and never on another', () => {
    const asked = { action: 'promote', project: 'pump-health' } as const;
    expect(refusesAction(asked, has('operator', '*'))).toBeNull();
    expect(refusesAction(asked, has('operator', 'valves'))).toBe(
      'to promote takes the role operator or admin on the project pump-health; no role was granted there',
    );
    expect(refusesAction(asked, [...has('viewer'), ...has('approver')])).toMatch(
      /granted is viewer, approver$/,
    );
  });

  test('without a project, reading needs any role and everything else one on all projects', () => {
    expect(refusesAction({ action: 'read' }, has('viewer'))).toBeNull();
    expect(refusesAction({ action: 'read' }, [])).toMatch(/on all projects; no role/);
    expect(refusesAction({ action: 'delete' }, has('admin'))).toMatch(/on all projects/);
    expect(refusesAction({ action: 'delete' }, has('admin', '*'))).toBeNull();
  });
});

describe('conditions of a search', () => {
  test.each([
    ['f1>=0.9', { path: ['f1'], operator: '>=', value: 0.9 }],
    [' confusion.tp > 100 ', { path: ['confusion', 'tp'], operator: '>', value: 100 }],
    ['slices.site-3.f1<.5', { path: ['slices', 'site-3', 'f1'], operator: '<', value: 0.5 }],
    ['loss=-1e-3', { path: ['loss'], operator: '==', value: -0.001 }],
    ['slices.site north.f1!=0', { path: ['slices', 'site north', 'f1'], operator: '!=', value: 0 }],
  ])('%s', (text, expected) => {
    expect(metricConditionSchema.parse(text)).toEqual(expected);
  });

  test.each(['f1', 'f1>', 'f1>high', '>0.5', 'f1 > 0.9 or 1', 'a"b>1', "f1')>1", 'f1..x>1'])(
    '%s is refused',
    (text) => {
      expect(metricConditionSchema.safeParse(text).success).toBe(false);
    },
  );

  test('one condition and several, and what is wrong by name', () => {
    expect(modelSearchSchema.parse({ limit: 1, tag: 'site=a=b' })).toEqual({
      limit: 1,
      metric: [],
      tag: [{ key: 'site', value: 'a=b' }],
    });
    expect(modelSearchSchema.parse({ limit: 1, digest: 'ABC'.toLowerCase() + 'def' }).digest).toBe(
      'sha256:abcdef',
    );
    const wrong = modelSearchSchema.safeParse({
      limit: 1,
      metric: ['f1>0', 'f2'],
      state: 'gone',
      since: 'monday',
    });
    expect(wrong.error?.issues.map((issue) => issue.path.join('.')).sort()).toEqual([
      'metric.1',
      'since',
      'state',
    ]);
  });
});
