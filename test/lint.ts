/**
 * The types and the rules: oxlint checks the rules (.oxlintrc.json), and the types by TypeScript's native compiler, on one
 * program for both. The scripts that run in a browser have a program of their own (console/tsconfig.json), with
 * its types in place of Node's.
 *
 *   node test/lint.ts                    everything
 *   node test/lint.ts lib/sync           these folders and files
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { writeCounts } from './support/counts.ts';

const ROOT = resolve(import.meta.dirname, '..');
const program = join(ROOT, 'node_modules/oxlint/bin/oxlint');
const chosen = process.argv.slice(2);

const child = spawn(
  process.execPath,
  [
    program,
    '--type-aware',
    '--type-check',
    '--report-unused-disable-directives',
    '--deny-warnings',
    ...(chosen.length > 0 ? chosen : ['.']),
  ],
  { cwd: ROOT, stdio: 'inherit' },
);
const [code] = (await once(child, 'exit')) as [number | null];
const isClean = code === 0;
writeCounts({ passed: isClean ? 1 : 0, failed: isClean ? 0 : 1, skipped: 0 });
process.exitCode = isClean ? 0 : 1;
