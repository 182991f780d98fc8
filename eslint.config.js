import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';
import { commentWidth } from './lint/comment-width.js';
import { importBoundaries } from './lint/import-boundaries.js';

const TYPED = ['**/*.ts'];

const SYNTAX = [
  {
    selector: 'TSEnumDeclaration',
    message: 'Node runs the sources by removing types: write an `as const` object and a union type.',
  },
  {
    selector: 'ObjectExpression > SpreadElement > ObjectExpression',
    message:
      'Write the properties out, one per line: TypeScript does not check a spread literal for excess properties.',
  },
];

export default tseslint.config(
  {
    ignores: [
      'node_modules/**',
      '.windlass/**',
      'coverage/**',
      'examples/**/.venv/**',
      'test/replay/histories/**',
    ],
  },
  eslint.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: TYPED,
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
    },
  },
  {
    plugins: {
      windlass: { rules: { 'comment-width': commentWidth, 'import-boundaries': importBoundaries } },
    },
    rules: {
      'windlass/comment-width': 'error',
      'windlass/import-boundaries': 'error',
      '@typescript-eslint/max-params': ['error', { max: 3 }],
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      'no-control-regex': 'off', // control characters are what such an expression looks for
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...SYNTAX],
      'no-console': 'error',
      curly: ['error', 'multi', 'consistent'], // Prettier would undo multi-line and multi-or-nest
      eqeqeq: 'error',
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'Workflows have no environment: pass the value as input.' },
        { name: 'Buffer', message: 'Workflows move references, not bytes: do it in an activity.' },
        { name: 'fetch', message: 'Workflows do not call out: write an activity.' },
      ],
      'no-restricted-syntax': [
        'error',
        ...SYNTAX,
        {
          selector: "ThrowStatement > NewExpression[callee.name='Error']",
          message: 'A plain Error retries the workflow task for ever: throw ApplicationFailure.',
        },
      ],
    },
  },
  {
    files: ['src/domain/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...SYNTAX,
        {
          selector: ':function[async=true], AwaitExpression, ForOfStatement[await=true]',
          message:
            'The domain awaits nothing: take the value as a parameter; a rule that calls ports belongs into src/application.',
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'The domain has no clock: take the time as a parameter.',
        },
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'The domain has no clock: take the time as a parameter.',
        },
        {
          selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
          message: 'The domain is reproducible: take a seeded generator.',
        },
      ],
    },
  },
  // Users' projects: a digest covers each byte, so they stay as they were published.
  { files: ['examples/**'], rules: { curly: 'off', 'windlass/comment-width': 'off' } },
  { files: ['test/**', 'bench/**', 'lint/**', '*.js'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**', 'bench/**'],
    rules: {
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/max-params': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: {
        globalThis: 'readonly',
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
      },
    },
  },
);
