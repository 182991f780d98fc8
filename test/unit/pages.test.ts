import { cardPage, HOSTILE, reportPage } from '../support/pages.ts';

test.each([
  ['model card', cardPage],
  ['monitoring report', reportPage],
])('the %s is one page with charts that asks for nothing, and escapes what people wrote', (_, page) => {
  const html = page();
  expect(html).toContain('<svg');
  expect(html).not.toContain(HOSTILE);
  expect(html).not.toMatch(/<(?:link|iframe|img|script[^>]*\ssrc)\b/i);
  expect(html).not.toMatch(/url\(["']?https?:/i);
});
