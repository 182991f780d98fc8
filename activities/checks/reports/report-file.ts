import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Reading } from '../../../src/domain/checks/check-results.ts';
import { writtenFile } from '../../shared/written-file.ts';

const MAX_REPORT_BYTES = 64 * 1024 * 1024;

/**
 * Thrown by a reader when a report cannot be believed; its message is the reason, in words that
 * follow "the report".
 */
export class ReportProblem extends Error {}

/** Where a report lies: `name` is relative to the project. */
export interface ReportPlace {
  readonly project: string;
  readonly name: string;
}

/**
 * Reads a report with one of the readers; whatever is wrong with the file becomes a problem in
 * words, never an exception.
 */
export async function readReport<T>(
  { project, name }: ReportPlace,
  read: (path: string) => Promise<T>,
): Promise<Reading<T>> {
  const found = await writtenFile(project, name);
  if (found.is === 'missing') return { problem: 'was not written' };
  if (found.is !== 'a file') return { problem: `is ${found.is}` };
  const { path, size } = found;
  if (size > MAX_REPORT_BYTES)
    return {
      problem: `holds ${Math.round(size / 2 ** 20)} MiB; at most ${MAX_REPORT_BYTES / 2 ** 20} MiB are read`,
    };
  try {
    return { value: await read(path) };
  } catch (error) {
    if (error instanceof ReportProblem) return { problem: error.message };
    throw error;
  }
}

export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new ReportProblem(`is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

/** The first characters that are not white space: what tells XML from JSON. */
export async function firstCharacter(path: string): Promise<string> {
  for await (const chunk of createReadStream(path, { encoding: 'utf8', end: 1024 })) {
    const text = String(chunk)
      .replace(/^\uFEFF/, '')
      .trimStart();
    if (text !== '') return text.slice(0, 1);
  }
  return '';
}
