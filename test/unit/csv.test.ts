import { parseCsv } from '../../src/domain/data/csv.ts';
import { parseTimestamp } from '../../src/domain/data/timestamp.ts';
import { cpuRatio, LINEAR } from '../support/cpu-growth.ts';

const cells = (text: string) => [...(parseCsv(text)?.rows() ?? [])].map((row) => row.cells);
const lines = (text: string) => [...(parseCsv(text)?.rows() ?? [])].map((row) => row.line);

describe('CSV', () => {
  test.each([
    ['a;b\n1;2\n3;4\n', ';'],
    ['a;b\r\n1;2\r\n3;4\r\n', ';'],
    ['a,b\n1,2\n3,4', ','],
    ['\ufeffa,b\r\n1,2\r\n3,4\r\n\r\n\n', ','],
    ['"a","b"\n"1","2"\n3,"4"\n', ','],
  ])('%j', (text, delimiter) => {
    const csv = parseCsv(text);
    expect(csv?.delimiter).toBe(delimiter);
    expect(csv?.header).toEqual(['a', 'b']);
    expect(cells(text)).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
    expect(lines(text)).toEqual([2, 3]);
  });

  test('quotes hold separators, quotes and line breaks; lines are counted through them', () => {
    const text = 'a;b\n"x;""y""";1\n"two\nlines";2\nlast;3\n';
    expect(cells(text)).toEqual([
      ['x;"y"', '1'],
      ['two\nlines', '2'],
      ['last', '3'],
    ]);
    expect(lines(text)).toEqual([2, 3, 5]);
  });

  test('nothing is repaired: odd rows come as they are', () => {
    expect(cells('a;b\n1\n\n1;2;3\n1;')).toEqual([['1'], [''], ['1', '2', '3'], ['1', '']]);
  });

  test.each(['a;b\n"open;1\n2;3\n', 'a;b\n"x"y;1\n', 'a;b\nx"y;1\n'])('%j is malformed', (text) => {
    expect([...(parseCsv(text)?.rows() ?? [])].some((row) => row.malformed)).toBe(true);
  });

  test.each(['', '\n\n', '\ufeff'])('%j has no header', (text) => {
    expect(parseCsv(text)).toBeUndefined();
  });
});

test('a quote that is never closed costs no more than reading the file once', async () => {
  const readings = '1;2\n'.repeat(400_000);
  const read = (text: string) => [...(parseCsv(text)?.rows() ?? [])];
  const rows = read(`a;b\n"open;1\n${readings}`);
  expect(rows[0]).toEqual({ line: 2, cells: [''], malformed: true });
  expect(rows.length).toBeLessThan(200_000);
  const quoted = () => read(`a;b\n"open;1\n${readings}`);
  const plain = () => read(`a;b\n${readings}`);
  expect(await cpuRatio(quoted, plain)).toBeLessThan(LINEAR);
});

describe('timestamps', () => {
  const at = Date.UTC(2020, 2, 9, 10, 14, 33);
  test.each([
    ['2020-03-09 10:14:33', at, 'space'],
    ['2020-03-09T10:14:33', at, 't'],
    ['2020-03-09T10:14:33.250Z', at + 250, 't-zone'],
    ['2020-03-09 12:14:33+02:00', at, 'space-zone'],
    ['2020-03-09T05:44:33-0430', at, 't-zone'],
    ['2020-03-09 10:14', at - 33_000, 'space'],
    ['1583748873', at, 'epoch-seconds'],
    ['1583748873000', at, 'epoch-milliseconds'],
    ['2020-02-29 00:00:00', Date.UTC(2020, 1, 29), 'space'],
  ])('%s', (text, ms, format) => {
    expect(parseTimestamp(text)).toMatchObject({ ms, format });
  });

  test.each([
    '2021-02-29 00:00:00',
    '2020-13-01 00:00:00',
    '2020-00-10 00:00:00',
    '2020-04-31 00:00:00',
    '2020-03-09 24:00:00',
    '2020-03-09 10:60:00',
    '09.03.2020 10:14:33',
    '03/09/2020 10:14',
    '2020-03-09',
    '42',
    '',
    'noon',
  ])('"%s" is refused', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });
});
