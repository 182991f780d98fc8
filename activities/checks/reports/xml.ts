import { createReadStream } from 'node:fs';
import sax, { type SAXOptions } from 'sax';
import { ReportProblem } from './report-file.ts';

// Test runners put whole tracebacks into an attribute; the size of the file bounds it anyway. (The
// types lack both names.)
Object.assign(sax, { MAX_BUFFER_LENGTH: 16 * 1024 * 1024 });
const OPTIONS: SAXOptions & { readonly strictEntities: boolean } = { strictEntities: true };
const MAX_DEPTH = 200;

export interface XmlVisitor {
  /** `path` is the names of the elements around this one, outermost first. */
  open?(name: string, attributes: Readonly<Record<string, string>>, path: readonly string[]): void;
  close?(name: string): void;
}

/**
 * Walks an XML file piece by piece. Entities are never declared nor expanded (but for the five of
 * XML itself), nothing outside is loaded, and depth is limited. Throws ReportProblem for what is
 * not well-formed.
 */
export async function walkXml(file: string, visitor: XmlVisitor): Promise<void> {
  const parser = sax.parser(true, OPTIONS);
  const path: string[] = [];
  let empty = true;
  parser.ondoctype = (doctype) => {
    if (/<!ENTITY/i.test(doctype))
      throw new ReportProblem('declares entities of its own, which are not read');
  };
  parser.onopentag = ({ name, attributes }) => {
    empty = false;
    if (path.length >= MAX_DEPTH) throw new ReportProblem(`has elements more than ${MAX_DEPTH} deep`);
    visitor.open?.(name, attributes as Record<string, string>, path);
    path.push(name);
  };
  parser.onclosetag = (name) => {
    path.pop();
    visitor.close?.(name);
  };
  parser.onerror = (error) => {
    throw new ReportProblem(`is not well-formed XML: ${error.message.split('\n').slice(0, 2).join(', ')}`);
  };
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) parser.write(String(chunk));
  if (empty) throw new ReportProblem('is empty');
  parser.close();
}
