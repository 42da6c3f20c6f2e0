// Lints openapi.yaml; a warning counts as an error. Exit status 0: clean, 1: not, 2: could not run.
// The linter's library is used rather than its command, so that nothing here can reach for a network.
//   node test/openapi/lint.mjs [FILE]
import { fileURLToPath } from 'node:url';

let core;
try {
  core = (await import('@redocly/openapi-core')).default;
} catch {
  console.error('the linter is not installed: run `npm ci` in test/ first');
  process.exit(2);
}

const file = process.argv[2] ?? fileURLToPath(new URL('../../openapi.yaml', import.meta.url));

const config = await core.createConfig({
  extends: ['recommended-strict'],
  rules: {
    'no-invalid-media-type-examples': 'error',
    'no-invalid-parameter-examples': 'error',
    'no-invalid-schema-examples': 'error',
    'no-ambiguous-paths': 'error',
    'no-unused-components': 'error',
    'operation-description': 'off',
    'operation-summary': 'error',
    'operation-tag-defined': 'error',
    'operation-operationId': 'error',
    'parameter-description': 'error',
    'tag-description': 'error',
    'response-contains-header': {
      severity: 'error',
      names: { '202': ['Location', 'Retry-After'] },
    },
  },
});

const problems = await core.lint({ ref: file, config });
if (problems.length > 0) {
  core.formatProblems(problems, { totals: core.getTotals(problems), format: 'codeframe' });
  process.exit(1);
}
console.log('openapi.yaml: no fault, no warning');
