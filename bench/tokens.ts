import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * Counts the tokens of the product's TypeScript (without tests, benches and examples), comments
 * left out: `node bench/tokens.ts [CHECKOUT]`. Lines and the median file follow.
 */
const root = process.argv[2] ?? join(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '*.ts'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && !/^(test|bench|examples)\//.test(file));

function tokensOf(text: string): number {
  const source = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest);
  let tokens = 0;
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(source);
    if (ts.isJSDoc(node)) return;
    if (children.length === 0 && node.getEnd() > node.getStart(source)) tokens += 1;
    children.forEach(visit);
  };
  visit(source);
  return tokens;
}

const texts = files.map((file) => readFileSync(join(root, file), 'utf8'));
const lines = texts.map((text) => text.split('\n').length - 1).sort((a, b) => a - b);
const tokens = texts.map(tokensOf).reduce((sum, n) => sum + n, 0);
const imports = texts
  .flatMap((text) => text.match(/^import [\s\S]*?;$/gm) ?? [])
  .map(tokensOf)
  .reduce((sum, n) => sum + n, 0);
console.log(
  JSON.stringify({
    files: files.length,
    tokens,
    ofThemImports: imports,
    lines: lines.reduce((sum, n) => sum + n, 0),
    medianLines: lines[lines.length >> 1],
    longest: lines.at(-1),
  }),
);
