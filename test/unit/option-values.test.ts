import { countOption, dataAt, projectAt, timeOption } from '../../src/cli/shared/option-values.ts';

test('a project is made absolute where the user stands, unless it is a git URL', () => {
  expect(projectAt('/x', 'pumps')).toBe('/x/pumps');
  expect(projectAt('/x', 'https://git.example.com/models.git#pumps')).toBe(
    'https://git.example.com/models.git#pumps',
  );
});

test('of a data source the paths are made absolute, and nothing else', () => {
  expect(dataAt('/x', 'data/pumps')).toBe('/x/data/pumps');
  expect(dataAt('/x', 'az://acme/measurements/pumps')).toBe('az://acme/measurements/pumps');
  expect(dataAt('/x', 'sql:query.sql#data')).toBe('sql:/x/query.sql#/x/data');
});

test.each(['abc', '', '0', '-1', '1.5', '1e3'])('"%s" is no count', (text) => {
  expect(() => countOption('--limit', text)).toThrow(`--limit ${text} is not a whole number of 1 or more.`);
});

test('a count and a time are read', () => {
  expect(countOption('--limit', '50')).toBe(50);
  expect(timeOption('--since', '2026-03-01')).toEqual(new Date('2026-03-01T00:00:00Z'));
  expect(() => timeOption('--since', 'yesterday')).toThrow('--since yesterday is not a time.');
});
