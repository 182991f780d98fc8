import { expect, test } from '@jest/globals';
import { formatReference, parseReference } from '../../src/domain/registry/reference.ts';

test.each([
  ['pump-health', { name: 'pump-health', version: undefined }],
  ['pump-health@3', { name: 'pump-health', version: '3' }],
  ['pump-health@champion', { name: 'pump-health', version: 'champion' }],
  ['pump-health@latest', { name: 'pump-health', version: 'latest' }],
])('%s is a reference', (text, reference) => {
  expect(parseReference(text)).toEqual(reference);
});

test.each(['', '@3', 'pump-health@', 'Pump@3', 'pump health', 'pump@3@4', 'pump@3b', ' pump@3', 'pump@3\n'])(
  '%j is none',
  (text) => {
    expect(parseReference(text)).toBeUndefined();
  },
);

test('a formatted reference is read again', () => {
  const reference = { name: 'pump-health', version: '3' };
  expect(formatReference(reference)).toBe('pump-health@3');
  expect(parseReference(formatReference(reference))).toEqual(reference);
});
