import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/**
 * Who may import whom. The first zone whose `files` prefix matches a file is its zone. `may` lists the folders it may import
 * values and types from, `types` those it may import types only from, `packages` the npm packages and `node:` modules it may
 * import values from (absent: any). `instead` says what to write.
 */
const ZONES = [
  {
    files: 'workflows/',
    may: ['workflows/', 'src/domain/', 'src/contracts/'],
    types: ['activities/', 'src/errors/', 'src/ports/'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    plainContracts: true,
    instead:
      'Workflows are deterministic: call an activity through proxyActivities and import only its type (`import type`); put pure rules into src/domain.',
  },
  {
    files: 'src/domain/',
    may: ['src/domain/', 'src/contracts/'],
    types: ['src/errors/', 'src/ports/'],
    packages: ['simple-statistics'],
    instead:
      'The domain is pure: take the value as a parameter, or declare a port in src/ports and let an activity call it.',
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
    may: ['src/errors/'],
    types: ['src/contracts/'],
    packages: ['zod'],
    instead: 'Errors know nothing of the rest: pass what they need as details.',
  },
  {
    files: 'src/ports/',
    may: ['src/ports/', 'src/contracts/', 'src/errors/'],
    types: ['src/domain/'],
    packages: [],
    instead: 'Ports are small interfaces: name the type in src/contracts, implement it in src/adapters.',
  },
  {
    files: 'src/adapters/',
    may: [
      'src/adapters/',
      'src/ports/',
      'src/contracts/',
      'src/domain/',
      'src/errors/',
      'src/services/process-info.ts',
      'src/services/wait.ts',
    ],
    types: ['src/config/'],
    instead:
      'An adapter implements a port over one real part: let workers/ or src/services put parts together.',
  },
  {
    files: 'src/config/',
    may: ['src/config/', 'src/contracts/', 'src/errors/'],
    types: [],
    instead: 'Configuration is read before anything else: let the caller pass what it needs.',
  },
  {
    files: 'activities/',
    may: ['activities/', 'src/domain/', 'src/contracts/', 'src/ports/', 'src/errors/'],
    types: ['src/config/'],
    instead:
      'Activities get the outside world as ports in createXActivities(deps): declare a port in src/ports; workers/ choose the adapter.',
  },
  {
    files: 'edge/',
    may: ['edge/', 'src/contracts/'],
    types: [],
    instead:
      'The edge module is shipped on its own: copy nothing from the platform, share through src/contracts.',
  },
  {
    files: 'stand-ins/',
    may: ['stand-ins/', 'src/contracts/', 'edge/'],
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
    files: 'src/api/main.ts',
    may: ['src/'],
    types: ['activities/', 'workflows/'],
    instead: 'The API starts workflows by name (src/contracts/names.ts) and imports only their types.',
  },
  {
    files: 'src/api/',
    may: [
      'src/api/',
      'src/console/',
      'src/config/',
      'src/domain/',
      'src/contracts/',
      'src/ports/',
      'src/errors/',
    ],
    types: ['activities/', 'workflows/', 'src/adapters/'],
    instead: 'Take a port as a dependency; src/api/main.ts puts the adapters in.',
  },
  {
    files: 'src/console/',
    may: ['src/console/', 'src/api/', 'src/domain/', 'src/contracts/', 'src/ports/', 'src/errors/'],
    types: ['src/config/'],
    instead: 'Take a port as a dependency; src/api/main.ts puts the adapters in.',
  },
  {
    files: 'src/',
    may: ['src/'],
    types: ['activities/', 'workflows/', 'workers/'],
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
const loadsZodMemo = new Map();

/** Whether importing this file at run time also loads zod. */
function loadsZod(file, seen = new Set()) {
  if (loadsZodMemo.has(file)) return loadsZodMemo.get(file);
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const values = [...text.matchAll(/^\s*(?:import|export)\s+(?!type\b)[^;]*?from\s+'([^']+)'/gm)].map(
    (m) => m[1],
  );
  const answer = values.some(
    (v) => v === 'zod' || (v.startsWith('.') && loadsZod(resolve(dirname(file), v), seen)),
  );
  loadsZodMemo.set(file, answer);
  return answer;
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
  if (zone.plainContracts && !typesOnly && loadsZod(target))
    return `${path} loads zod, which ${zone.files} must not. Use \`import type\`, or move the constant to a contracts file without zod.`;
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
