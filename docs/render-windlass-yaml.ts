import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { projectSchema } from '../src/contracts/project/project.ts';

type Schema = z.core.JSONSchema.JSONSchema;

const EXAMPLE = join(import.meta.dirname, '../examples/pump-health/windlass.yaml');

interface Field {
  /** As a person writes it, e.g. `checks[].run`. */
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
  /**
   * The form of the section that has this field, e.g. `fit: command`; all forms have it when
   * absent.
   */
  readonly onlyFor?: string;
}

const isSchema = (x: unknown): x is Schema => typeof x === 'object' && x !== null;
const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

function numberType({ type, minimum, exclusiveMinimum, maximum }: Schema): string {
  const whole = type === 'integer';
  const lowest = whole && exclusiveMinimum === 0 ? 1 : minimum;
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  const name = whole ? 'whole number' : 'number';
  if (lowest !== undefined) return bounded ? `${name}, ${lowest} to ${maximum}` : `${name} ≥ ${lowest}`;
  return exclusiveMinimum === undefined ? name : `${name} > ${exclusiveMinimum}`;
}

function typeOf(schema: Schema): string {
  const { type, items, propertyNames, additionalProperties } = schema;
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  if (schema.anyOf !== undefined) return schema.anyOf.filter(isSchema).map(typeOf).join(' or ');
  if (type === 'integer' || type === 'number') return numberType(schema);
  if (type === 'boolean') return '`true`, `false`';
  if (type === 'string') return schema.format === 'date' ? 'day, YYYY-MM-DD' : 'text';
  if (type === 'array' && isSchema(items)) return `list (${typeOf(items)})`;
  if (schema.properties !== undefined || schema.oneOf !== undefined) return 'section';
  if (isSchema(propertyNames) && propertyNames.enum !== undefined && isSchema(additionalProperties))
    return `map (${typeOf(propertyNames)} → ${typeOf(additionalProperties)})`;
  return 'map (name → any value)';
}

/** The fields of a section; of one that has several forms, those that all have come once. */
function fieldsOf(schema: Schema, path: string): Field[] {
  const forms = schema.oneOf?.filter(isSchema) ?? [schema];
  const fields = new Map<string, Field>();
  for (const form of forms)
    for (const [name, child] of Object.entries(form.properties ?? {})) {
      const all = forms.flatMap((f) => f.properties?.[name] ?? []).filter(isSchema);
      if (fields.has(name) || !isSchema(child)) continue;
      const values = all.flatMap((s) => s.const ?? []);
      fields.set(name, {
        path: path === '' ? name : `${path}.${name}`,
        schema: values.length > 1 ? { ...child, const: undefined, enum: values } : child,
        required: form.required?.includes(name) === true && child.default === undefined,
        onlyFor: all.length < forms.length ? formName(form) : undefined,
      });
    }
  return [...fields.values()].flatMap((field) => [field, ...childrenOf(field)]);
}

function formName(form: Schema): string | undefined {
  const told = Object.entries(form.properties ?? {}).find(([, s]) => isSchema(s) && s.const !== undefined);
  return told === undefined || !isSchema(told[1]) ? undefined : `${told[0]}: ${String(told[1].const)}`;
}

function childrenOf({ path, schema }: Field): Field[] {
  if (isSchema(schema.items) && !Array.isArray(schema.items)) return fieldsOf(schema.items, `${path}[]`);
  return fieldsOf(schema, path);
}

function row({ path, schema, required, onlyFor }: Field): string {
  const silent = [undefined, '""', '{}'].includes(JSON.stringify(schema.default));
  const value = silent ? '' : code(schema.default);
  const meaning = [onlyFor === undefined ? '' : `With \`${onlyFor}\`: `, schema.description ?? ''].join('');
  const cells = [code(path), typeOf(schema), required ? 'required' : value, meaning];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

const table = (fields: readonly Field[]): string[] => [
  '| field | type, allowed values | default | what it means |',
  '|---|---|---|---|',
  ...fields.map(row),
];

/** Every field of windlass.yaml, in the order of the schema. */
export function projectFields(): readonly Field[] {
  return fieldsOf(z.toJSONSchema(projectSchema, { io: 'input' }), '');
}

/**
 * The page docs/windlass-yaml.md, made from the schema of windlass.yaml; `npm run docs` writes it
 * anew.
 */
export function renderWindlassYaml(): string {
  const fields = projectFields();
  const sectionOf = ({ path }: Field): string => /^[a-zA-Z]+/.exec(path)?.[0] ?? path;
  const sections = [...new Set(fields.map(sectionOf))].map((name) => ({
    name,
    head: fields.find(({ path }) => path === name),
    rest: fields.filter((field) => sectionOf(field) === name && field.path !== name),
  }));
  const plain = sections.flatMap(({ head, rest }) => (head !== undefined && rest.length === 0 ? [head] : []));
  return [
    '# windlass.yaml',
    '',
    'Made from the schema in `src/contracts/project/` by `npm run docs`; a test compares them.',
    '`[]` in a field stands for each entry of a list. Unknown fields are refused, and a wrong value is',
    'named when the build starts.',
    '',
    'A whole one, of [examples/pump-health](../examples/pump-health):',
    '',
    '```yaml',
    readFileSync(EXAMPLE, 'utf8').trimEnd(),
    '```',
    '',
    '## Name and description',
    '',
    ...table(plain),
    '',
    ...sections
      .filter(({ rest }) => rest.length > 0)
      .flatMap(({ name, head, rest }) => [
        `## ${name}`,
        '',
        ...(head?.schema.description === undefined ? [] : [head.schema.description, '']),
        ...table(rest),
        '',
      ]),
  ].join('\n');
}
