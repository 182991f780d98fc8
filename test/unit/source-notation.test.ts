import { absoluteSource, readSource } from '../../src/domain/data/source-notation.ts';

test.each([
  ['data/pumps', { kind: 'files', path: 'data/pumps' }],
  ['C:\\data', { kind: 'files', path: 'C:\\data' }],
  [
    'az://acme/measurements/pumps/2026',
    { kind: 'azure', account: 'acme', container: 'measurements', prefix: 'pumps/2026' },
  ],
  ['az://acme/measurements', { kind: 'azure', account: 'acme', container: 'measurements', prefix: '' }],
  [
    'https://acme.blob.core.windows.net/measurements/a.csv',
    {
      kind: 'azure',
      account: 'acme',
      container: 'measurements',
      prefix: 'a.csv',
      endpoint: 'https://acme.blob.core.windows.net',
    },
  ],
  ['sql:q.sql', { kind: 'query', file: 'q.sql' }],
  ['sql:a/q.sql#/data', { kind: 'query', file: 'a/q.sql', folder: '/data' }],
])('%s', (source, notation) => {
  expect(readSource(source)).toEqual(notation);
});

test.each([
  's3://bucket/pumps',
  'http://acme.blob.core.windows.net/measurements', // a token would go over the wire in the open
  'https://acme.blob.core.windows.net.evil.example/measurements',
  'https://example.com/measurements',
  'az://acme',
  'az://Acme!/measurements',
  'az://acme/measurements/p?sv=1&sig=secret',
])('%s is refused', (source) => {
  expect(readSource(source).kind).toBe('wrong');
});

test('only paths become absolute', () => {
  const resolve = (path: string): string => `/here/${path}`;
  expect(absoluteSource('data', resolve)).toBe('/here/data');
  expect(absoluteSource('sql:q.sql#raw', resolve)).toBe('sql:/here/q.sql#/here/raw');
  expect(absoluteSource('az://acme/measurements', resolve)).toBe('az://acme/measurements');
});
