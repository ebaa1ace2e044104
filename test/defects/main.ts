/**
 * What `make defects` runs: it puts each known mistake into a copy of the source and runs the test
 * that has to catch it there. A defect that is not caught shows a gap in the tests, not in the
 * program: fix the test.
 *
 *   make defects                   all of them
 *   make defects ONLY='shadow'     those whose name contains this text
 *   make defects BY=histories      each against the random histories alone, which were not written for it
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { runSettings } from '../support/run-settings.ts';
import { startTestServer } from '../support/server.ts';
import { defects } from './all.ts';
import type { Defect } from './defect.ts';
import { copySource } from './source-copy.ts';
import { brokenCatchers, tryDefect, type Finding } from './trial.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { histories: { type: 'boolean', default: false } },
});
const [only = ''] = positionals;
const { width, env } = runSettings();
const chosen = (flags.histories ? againstHistories(defects) : defects).filter(({ name }) =>
  name.includes(only),
);
const findings = new Map<Defect, Finding>();

const folder = await makeRunFolder();
const server = await startTestServer(folder);
const trialEnv = { ...env, TMPDIR: folder, TEST_POSTGRES_URL: server.url };
let broken: string[] = [];
try {
  const copies = Array.from({ length: width + 1 }, (_, n) => join(folder, `copy-${n}`));
  await Promise.all(copies.map((folder) => copySource(folder)));
  const queue = [...chosen];
  const [sound = '', ...others] = copies;
  await Promise.all([
    checkCatchers(sound),
    ...others.map(async (copy) => {
      for (let next = queue.shift(); next; next = queue.shift()) await tryOne(copy, next);
    }),
  ]);
} finally {
  await server.stop();
  await removeRunFolder(folder);
}
conclude();

/** The histories use no Kafka. */
function againstHistories(all: readonly Defect[]): Defect[] {
  return all
    .filter(({ edits }) => edits.every(({ file }) => !file.includes('/kafka/')))
    .map((defect) => ({ ...defect, caughtBy: 'histories' }));
}

async function checkCatchers(copy: string): Promise<void> {
  broken = await brokenCatchers(copy, chosen, trialEnv);
}

async function tryOne(copy: string, defect: Defect): Promise<void> {
  const finding = await tryDefect(copy, defect, trialEnv);
  findings.set(defect, finding);
  console.log(`${finding.result.padEnd(11)} ${finding.seconds.toFixed(1).padStart(5)} s  ${defect.name}`);
}

function conclude(): void {
  console.log();
  for (const defect of chosen) {
    const { result, detail } = findings.get(defect) ?? { result: 'did not run', detail: '' };
    console.log(`${result.padEnd(11)}  ${defect.name}\n             ${detail}`);
  }
  for (const line of broken) console.log(`\n${line}`);
  const caught = chosen.filter((defect) => findings.get(defect)?.result === 'caught').length;
  console.log(`\n${caught} of ${chosen.length} caught`);
  process.exitCode = caught < chosen.length || caught === 0 || broken.length > 0 ? 1 : 0;
}
