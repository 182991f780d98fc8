import './test/support/run-times.ts'; // first: it reads the load before the run

/** Jest runs the sources as ES modules: the same module system that Node runs in production. */
export default {
  rootDir: import.meta.dirname,
  testEnvironment: './test/support/environment.js',
  globalSetup: './test/support/global-setup.js',
  globalTeardown: './test/support/global-teardown.js',
  testSequencer: './test/support/sequencer.js',
  reporters: ['default', './test/support/reporter.js'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/.windlass'],
  testTimeout: 30_000,
  maxWorkers: 2,
};
