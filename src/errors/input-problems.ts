import { z } from 'zod';

/** What is wrong with one field; its path is dotted. */
export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

/**
 * Problems of a failed parse for people (with schema and value given, more is said): one line per
 * field with its dotted path, what was expected and what was given; an unknown field is named
 * itself, with the nearest known one.
 */
export function inputProblems(error: z.ZodError, schema?: z.ZodType, value?: unknown): FieldProblem[] {
  return error.issues.flatMap((issue): FieldProblem[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      const known = schema === undefined ? [] : fieldsAt(schema, path);
      return issue.keys.map((key) => ({
        field: [...path, key].join('.'),
        problem: `there is no such field${suggestion(key, known)}`,
      }));
    }
    const field = path.join('.') || '(input)';
    if (path.length === 0 && issue.code === 'invalid_type')
      return [{ field, problem: `expected one JSON object, got ${shown(value)}` }];
    const message = issue.message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '');
    const got = schema === undefined ? '' : `, got ${shown(valueAt(value, issue.path))}`;
    return [{ field, problem: `${message}${got}` }];
  });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (node, key) =>
      typeof node === 'object' && node !== null ? (node as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = jsonText(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Values of YAML may contain themselves (`&a [*a]`), which JSON cannot say. */
function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'a value that contains itself';
  }
}

/** Field names of the object at a path, seen through defaults and optionals. */
function fieldsAt(schema: z.ZodType, path: readonly string[]): string[] {
  const node = path.reduce<z.core.$ZodType | undefined>((current, key) => {
    const core = current && unwrap(current);
    if (core instanceof z.ZodObject) return core.shape[key] as z.core.$ZodType | undefined;
    return core instanceof z.ZodArray ? core.element : undefined;
  }, schema);
  const core = node && unwrap(node);
  return core instanceof z.ZodObject ? Object.keys(core.shape) : [];
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable
  )
    return unwrap(schema.def.innerType);
  return schema;
}

function suggestion(key: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = known
    .map((name) => ({ name, distance: editDistance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (nearest !== undefined && nearest.distance <= 2) return `; did you mean "${nearest.name}"?`;
  return `; the fields are ${known.join(', ')}`;
}

/** Levenshtein distance: fewest insertions, deletions and substitutions. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
