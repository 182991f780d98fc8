import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/**
 * Who may import whom. The first zone whose `files` prefix matches a file is its zone. `may` lists
 * the folders it may import values and types from, `types` those it may import types only from,
 * `packages` the npm packages and `node:` modules it may import values from (absent: any).
 * `withoutNode` and `withoutZod`: nothing that it imports, at any distance, may load `node:`
 * modules or zod. `instead` says what to write.
 */
const ZONES = [
  {
    files: 'src/base/',
    may: ['src/base/'],
    types: [],
    instead: 'The ground floor holds no word of Windlass: take what is needed as a parameter.',
  },
  {
    files: 'workflows/',
    may: ['workflows/', 'src/domain/', 'src/contracts/', 'src/base/'],
    types: ['activities/', 'src/errors/', 'src/ports/'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    withoutNode: true,
    withoutZod: true,
    instead:
      'Workflows are deterministic: call an activity through proxyActivities and import only its type (`import type`); put pure rules into src/domain.',
  },
  {
    files: 'src/domain/',
    may: ['src/domain/', 'src/contracts/', 'src/base/'],
    types: ['src/errors/'],
    packages: ['simple-statistics'],
    withoutNode: true,
    instead:
      'The domain is pure: take the value as a parameter; a rule that calls ports belongs into src/application.',
  },
  {
    files: 'src/contracts/',
    may: ['src/contracts/'],
    types: [],
    packages: ['zod'],
    instead: 'Contracts are types, constants and zod schemas: put behaviour into src/domain.',
  },
  {
    files: 'src/errors/',
    may: ['src/errors/', 'src/base/'],
    types: ['src/contracts/'],
    packages: ['zod'],
    instead: 'Errors know nothing of the rest: pass what they need as details.',
  },
  {
    files: 'src/ports/',
    may: ['src/ports/', 'src/contracts/'],
    types: ['src/domain/', 'src/errors/'],
    packages: [],
    instead: 'Ports are small interfaces: name the type in src/contracts, implement it in src/adapters.',
  },
  {
    files: 'src/application/',
    may: ['src/application/', 'src/domain/', 'src/contracts/', 'src/ports/', 'src/errors/', 'src/base/'],
    types: [],
    instead:
      'These rules call ports only: take the port as a parameter; src/composition chooses the adapter.',
  },
  {
    files: 'src/adapters/',
    may: ['src/adapters/', 'src/ports/', 'src/contracts/', 'src/domain/', 'src/errors/', 'src/base/'],
    types: ['src/config/'],
    instead:
      'An adapter implements a port over one real part: let workers/ or src/composition put parts together.',
  },
  {
    files: 'src/config/',
    may: ['src/config/', 'src/contracts/', 'src/errors/', 'src/base/'],
    types: [],
    instead: 'Configuration is read before anything else: let the caller pass what it needs.',
  },
  {
    files: 'activities/',
    may: [
      'activities/',
      'src/application/',
      'src/domain/',
      'src/contracts/',
      'src/ports/',
      'src/errors/',
      'src/base/',
    ],
    types: ['src/config/'],
    instead:
      'Activities get the outside world as ports in createXActivities(deps): declare a port in src/ports; workers/ choose the adapter.',
  },
  {
    files: 'edge/',
    may: ['edge/', 'src/contracts/', 'src/base/'],
    types: [],
    instead:
      'The edge module is shipped on its own: copy nothing from the platform, share through src/contracts.',
  },
  {
    files: 'stand-ins/',
    may: ['stand-ins/', 'src/contracts/', 'src/base/', 'edge/'],
    types: [],
    instead:
      'Stand-ins are foreign systems: share names and shapes through src/contracts (virtual devices may run edge/).',
  },
  {
    files: 'examples/',
    may: ['examples/'],
    types: ['src/contracts/', 'edge/'],
    instead: "Examples are users' projects: they know the published contracts only.",
  },
  {
    files: 'src/composition/',
    may: [
      'src/composition/',
      'src/adapters/',
      'src/application/',
      'src/domain/',
      'src/contracts/',
      'src/ports/',
      'src/errors/',
      'src/config/',
      'src/base/',
    ],
    types: [],
    instead: 'This floor only puts adapters together: what runs a system belongs into src/local-system.',
  },
  {
    files: 'src/local-system/',
    may: [
      'src/local-system/',
      'src/composition/',
      'src/adapters/',
      'src/contracts/',
      'src/ports/',
      'src/errors/',
      'src/config/',
      'src/base/',
    ],
    types: [],
    instead: 'This floor runs processes: rules belong into src/domain, commands into src/cli.',
  },
  {
    files: 'src/reports/',
    may: ['src/reports/', 'src/domain/', 'src/contracts/', 'src/base/'],
    types: [],
    instead: 'A report shows what it is given: read it before, and pass it in.',
  },
  {
    files: 'src/api/main.ts',
    may: ['src/'],
    types: [],
    instead: 'The API starts workflows by name (src/contracts/names.ts).',
  },
  {
    files: 'src/api/',
    may: [
      'src/api/',
      'src/reports/',
      'src/application/',
      'src/config/',
      'src/domain/',
      'src/contracts/',
      'src/ports/',
      'src/errors/',
      'src/base/',
    ],
    types: [],
    instead: 'Take a port as a dependency; src/api/main.ts puts the adapters in.',
  },
  {
    files: 'src/cli/',
    may: ['src/'],
    types: [],
    instead: 'Start workflows by name (src/contracts/names.ts); only workers/ load workflows and activities.',
  },
  {
    files: 'workers/',
    may: ['workers/', 'activities/', 'src/', 'edge/package-files.ts'],
    types: ['workflows/'],
    instead: 'Workers point to the workflow file by path; they do not import it.',
  },
];

const ROOT = join(import.meta.dirname, '..');
const loadedMemo = new Map();

/**
 * Packages and `node:` modules that importing this file at run time loads, whatever lies between.
 */
function loadedBy(file, seen = new Set()) {
  const known = loadedMemo.get(file);
  if (known !== undefined) return known;
  const loaded = new Set();
  if (seen.has(file) || !existsSync(file)) return loaded;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, source] of text.matchAll(/^\s*(?:import|export)\s+(?!type\b)(?:[^;]*?from\s+)?'([^']+)'/gm))
    if (source.startsWith('.'))
      for (const name of loadedBy(resolve(dirname(file), source), seen)) loaded.add(name);
    else loaded.add(packageName(source));

  if (seen.size === 1) loadedMemo.set(file, loaded);
  return loaded;
}

function onlyTypes(node) {
  if (node.importKind === 'type' || node.exportKind === 'type') return true;
  const specifiers = node.specifiers ?? [];
  return specifiers.length > 0 && specifiers.every((s) => s.importKind === 'type' || s.exportKind === 'type');
}

function packageName(source) {
  if (source.startsWith('node:')) return source;
  return source
    .split('/')
    .slice(0, source.startsWith('@') ? 2 : 1)
    .join('/');
}

function problem({ zone, source, file, typesOnly }) {
  if (!source.startsWith('.')) {
    if (typesOnly || zone.packages === undefined || zone.packages.includes(packageName(source)))
      return undefined;
    return `${zone.files} may not import ${source}. ${zone.instead}`;
  }
  const target = resolve(dirname(file), source);
  const path = relative(ROOT, target).split(sep).join('/');
  const inside = (prefixes) => prefixes.some((prefix) => path.startsWith(prefix));
  if (typesOnly && inside(zone.types)) return undefined;
  if (!inside(zone.may)) return `${zone.files} may not import ${path}. ${zone.instead}`;
  if (typesOnly) return undefined;
  const loaded = [...loadedBy(target)].find(
    (name) =>
      (zone.withoutZod === true && name === 'zod') || (zone.withoutNode === true && name.startsWith('node:')),
  );
  if (loaded !== undefined)
    return `${path} loads ${loaded}, which ${zone.files} must not. Use \`import type\`, or take what it gives as a parameter.`;
  return undefined;
}

/** ESLint rule: imports that cross a boundary of the architecture. */
export const importBoundaries = {
  meta: {
    type: 'problem',
    schema: [],
    docs: { description: 'Keep the import boundaries of the architecture.' },
  },
  create(context) {
    const file = context.filename;
    const path = relative(ROOT, file).split(sep).join('/');
    const zone = ZONES.find((z) => path.startsWith(z.files));
    if (zone === undefined) return {};
    const check = (node, sourceNode, typesOnly) => {
      if (sourceNode?.type !== 'Literal' || typeof sourceNode.value !== 'string') return;
      const message = problem({ zone, source: sourceNode.value, file, typesOnly });
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source, onlyTypes(node)),
      ExportNamedDeclaration: (node) => check(node, node.source, onlyTypes(node)),
      ExportAllDeclaration: (node) => check(node, node.source, onlyTypes(node)),
      ImportExpression: (node) => check(node, node.source, false),
    };
  },
};
