import Sequencer from '@jest/test-sequencer';

/**
 * Files that take minutes, which would keep one core waiting at the end when jest does not know yet
 * how long each takes.
 */
const LONG = ['packaging.test.ts', 'durability.test.ts', 'build-and-train.test.ts'];

const rank = ({ path }) => {
  const at = LONG.findIndex((name) => path.endsWith(`/${name}`));
  return at === -1 ? LONG.length : at;
};

/** Jest's own order (failed ones first, then the slowest), but the longest before all. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
}
