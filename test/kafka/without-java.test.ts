import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { runSettings } from '../support/run-settings.ts';

const RUN = join(import.meta.dirname, '../run.ts');
const FILES = ['kafka/contract.test.ts', 'lib/uuid.test.ts'];

/** Not needed by the child process. */
const OF_THIS_RUN = new Set(['CI', 'COVERAGE', 'NODE_V8_COVERAGE', 'RESULT_FILE', 'TEST_POSTGRES_URL']);

describe('without Java the tests of Kafka', function () {
  this.timeout(120_000);

  let programs: string;
  before(async () => {
    programs = await mkdtemp(join(tmpdir(), 'twinbox-path-'));
    const folders = (runSettings().env['PATH'] ?? '').split(delimiter);
    // The first folder in the PATH that has a name wins.
    for (const [name, folder] of await programsIn(folders.reverse()))
      if (name !== 'java') await symlink(join(folder, name), join(programs, name));
  });
  after(() => rm(programs, { recursive: true }));

  async function programsIn(folders: readonly string[]): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const folder of folders)
      for (const name of await readdir(folder).catch(() => [])) found.set(name, folder);
    return found;
  }

  /** A whole run of these files by a process that finds every program but Java. */
  async function run(env: Record<string, string>): Promise<{ output: string; status: number | null }> {
    const own = Object.entries(runSettings().env).filter(([name]) => !OF_THIS_RUN.has(name));
    const child = spawn(process.execPath, [RUN, ...FILES], {
      env: { ...Object.fromEntries(own), PATH: programs, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'close') as Promise<[number | null]>;
    const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { output: out + err, status };
  }

  it('print one clear line and are counted as skipped', async () => {
    const { output, status } = await run({});
    const loud = output.split('\n').filter((line) => line.includes('***'));
    expect(loud, output).to.have.length(1);
    expect(loud[0]).to.match(
      /KAFKA TESTS SKIPPED: .*needs Java 17 or newer, and `java` does not run on this machine/,
    );
    const skipped = /contract\.test\.ts .* 0 passed, (\d+) skipped/.exec(output)?.[1];
    expect(Number(skipped), output).to.be.above(5);
    expect(output.trim().split('\n').at(-1)).to.match(/^\d+ passed, 0 failed, \d+ skipped$/);
    expect(status).to.equal(0);
  });

  it('are failures in CI', async () => {
    const { output, status } = await run({ CI: 'true' });
    expect(output).to.include('In CI a skipped test is a failed one');
    expect(output.trim().split('\n').at(-1)).to.match(/^\d+ passed, [1-9]\d* failed$/);
    expect(status).to.equal(1);
  });
});
