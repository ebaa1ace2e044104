// The form of every file that a program or a person writes here; .editorconfig says the same to editors.
import { defineConfig } from 'oxfmt';

export default defineConfig({
  singleQuote: true,
  printWidth: 110,
  trailingComma: 'all',
  sortPackageJson: false,
  ignorePatterns: [
    'package-lock.json',
    'coverage/',
    '.twinbox/',
    // Tables written by hand or by a script stay as they are.
    '*.md',
    '*.toml',
    // Made by a program.
    'console/api-types.ts',
    // One line for each rule.
    'console/console.css',
    // Other people's files.
    'test/data/',
    'simulator/openapi/',
    // Made by `make settings`.
    'deploy/observe/grafana/dashboards/',
  ],
});
