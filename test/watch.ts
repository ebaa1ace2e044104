/**
 * What `make watch ONLY="lib/uuid.test.ts"` runs: these tests, and again whenever a file of the
 * project changes. One PostgreSQL serves all the runs. Ctrl-C ends it.
 */
import { watch } from 'node:fs';
import { join, resolve } from 'node:path';
import { sleep } from '../lib/loop.ts';
import { namedJobs } from './support/jobs.ts';
import { makeRunFolder, removeRunFolder } from './support/run-folder.ts';
import { runJobs, stopJobs } from './support/run-jobs.ts';
import { runSettings } from './support/run-settings.ts';
import { startTestServer } from './support/server.ts';
import { createSignal } from './support/signal.ts';

const ROOT = resolve(import.meta.dirname, '..');
const ROOMS = ['api', 'cli', 'db', 'lib', 'relay', 'simulator', 'test', 'workers'];
/** An editor writes a file in several steps, and several files at once. */
const SETTLE_MS = 100;

const chosen = process.argv.slice(2);
const { width, env } = runSettings();
const ending = new AbortController();
let changed = createSignal();
const paths = new Set<string>();

for (const room of ROOMS) {
  watch(join(ROOT, room), { recursive: true, signal: ending.signal }, (_event, name) => {
    if (name !== null) paths.add(join(room, name));
    changed.fire();
  });
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopJobs('SIGTERM');
    ending.abort();
    changed.fire();
  });
}

const folder = await makeRunFolder();
try {
  const server = await startTestServer(folder);
  const jobEnv = {
    ...env,
    TMPDIR: folder,
    TEST_POSTGRES_URL: server.url,
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
  };
  while (!ending.signal.aborted) {
    await runOnce(jobEnv);
    await changed.promise;
    await sleep(SETTLE_MS, ending.signal);
  }
  await server.stop();
} finally {
  await removeRunFolder(folder);
}

async function runOnce(jobEnv: NodeJS.ProcessEnv): Promise<void> {
  if (paths.size > 0) console.log(`\nChanged: ${[...paths].sort().join(', ')}`);
  paths.clear();
  changed = createSignal();
  const results = await runJobs(namedJobs(import.meta.dirname, chosen, '.test.ts', folder), width, jobEnv);
  const sum = (key: 'passed' | 'failed') => results.reduce((total, result) => total + result[key], 0);
  if (ending.signal.aborted) return;
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed; waiting for a change (Ctrl-C ends)`);
}
