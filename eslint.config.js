import tseslint from 'typescript-eslint';

/** The functions of these files may have so many lines at most. No new file comes in, and no figure grows. */
const LONG_FUNCTIONS = {
  'api/customers.ts': 76,
  'api/openapi.ts': 60,
  'cli/commands/link.ts': 72,
  'cli/commands/relay.ts': 83,
  'cli/demo/world.ts': 77,
  'cli/embedded/system.ts': 99,
  'lib/customers/import/records.ts': 83,
  'cli/repl/engine.ts': 64,
  'cli/timeline.ts': 63,
  'lib/bus/in-process.ts': 85,
  'lib/bus/kafka/consumer.ts': 99,
  'lib/bus/kafka/kafka.ts': 115,
  'lib/bus/kafka/producer.ts': 119,
  'lib/bus/kafka/reader.ts': 78,
  'lib/customers/customers.ts': 86,
  'lib/integrations/stripe/stripe.ts': 88,
  'lib/limits/breaker.ts': 66,
  'lib/limits/limiter.ts': 135,
  'relay/floor-walk.ts': 71,
  'relay/relay.ts': 178,
  'relay/shards.ts': 106,
  'simulator/control/faults.ts': 77,
  'simulator/http/pipeline.ts': 186,
  'simulator/simulator.ts': 88,
  'simulator/store/store.ts': 83,
  'simulator/webhooks/webhooks.ts': 189,
  'workers/lane.ts': 118,
};

/** Blank lines and comments do not count. */
const atMost = (max) => ({
  'max-lines-per-function': ['error', { max, skipBlankLines: true, skipComments: true }],
});

export default tseslint.config(
  { ignores: ['console/api-types.ts', 'node_modules/', 'coverage/', '.twinbox/', '.tools/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/prefer-readonly-parameter-types': 'off',
      // Numbers and booleans in a template are what one means.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `() => log(…)` as a callback is shorter and no less clear.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // tsconfig asks for process.env['NAME'], and an index signature is no property.
      '@typescript-eslint/dot-notation': 'off',
      // `async` is the promise of a signature, also where this implementation happens not to wait.
      '@typescript-eslint/require-await': 'off',
      // Our objects of functions have no `this` that could be lost.
      '@typescript-eslint/unbound-method': 'off',
      // A type parameter that stands once names what a caller expects from SQL.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'max-lines': ['error', { max: 300 }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CatchClause > BlockStatement[body.length=0]',
          message: 'An empty catch hides a fault: say what is expected, or let it pass.',
        },
      ],
      eqeqeq: 'error',
      'no-cond-assign': 'error',
      'no-console': 'error',
      'no-constant-binary-expression': 'error',
      'no-duplicate-case': 'error',
      'no-fallthrough': 'error',
      'no-irregular-whitespace': 'error',
      'no-self-assign': 'error',
      'no-self-compare': 'error',
      'no-sparse-arrays': 'error',
      'no-template-curly-in-string': 'error',
      'no-unreachable-loop': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-escape': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['{api,cli,console,db,lib,relay,simulator,workers}/**/*.ts'], rules: atMost(60) },
  ...Object.entries(LONG_FUNCTIONS).map(([file, max]) => ({ files: [file], rules: atMost(max) })),
  {
    // Standard output is for data, and these print it.
    files: ['cli/**', 'bench/**', 'test/**', 'simulator/main.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    // winston's types make its stream transport no subclass of the transport that it is.
    files: ['lib/log.ts'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },
  {
    // chai states an expectation by reading a property.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
);
