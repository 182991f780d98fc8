const WIDTH = 100;

/** A line with nothing but one word in its comment, such as a URL: it cannot be wrapped. */
const ONE_WORD = /^\s*(?:\/\/+|\/\*+|\*)?\s*\S+(?:\s*\*\/)?\s*$/;

/** ESLint rule: lines of comments that end beyond column 100. */
export const commentWidth = {
  meta: {
    type: 'layout',
    schema: [],
    docs: { description: `Keep comments within ${WIDTH} columns.` },
    messages: { wide: `The comment ends at column {{ column }}: wrap it at ${WIDTH}, or say it shorter.` },
  },
  create(context) {
    const { sourceCode } = context;
    const check = ({ loc: { start, end } }) => {
      for (let line = start.line; line <= end.line; line++) {
        const text = sourceCode.lines[line - 1];
        const column = line === end.line ? end.column : text.length;
        if (column <= WIDTH || ONE_WORD.test(text)) continue;
        const loc = { start: { line, column: WIDTH }, end: { line, column } };
        context.report({ loc, messageId: 'wide', data: { column } });
      }
    };
    return { Program: () => sourceCode.getAllComments().forEach(check) };
  },
};
