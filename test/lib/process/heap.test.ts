import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { readHeapFlags } from '../../../lib/process/heap.ts';
import { bareEnvironment } from '../../support/environment.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** Prints what it was started with, then the most that its young objects took. */
const PROGRAM = `
import { getHeapSpaceStatistics } from 'node:v8';
import { startWithHeapFlags } from '${join(ROOT, 'lib/process/heap.ts')}';
startWithHeapFlags('common');
const kept = [];
let most = 0;
for (let n = 0; n < 1_000_000; n += 1) {
  kept[n % 100_000] = { n, text: 'x' + n };
  if (n % 10_000 === 0) most = Math.max(most, getHeapSpaceStatistics().find((one) => one.space_name === 'new_space').space_size);
}
console.log(JSON.stringify({ flags: process.execArgv, given: process.argv.slice(2), most }));
`;

describe('The memory of a process', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-heap-'));
    await writeFile(join(folder, 'program.ts'), PROGRAM);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function program(flags: string[], env: Record<string, string> = {}) {
    const args = [...flags, join(folder, 'program.ts'), 'a', '--b'];
    const child = run(process.execPath, args, { env: bareEnvironment(env) });
    const { stdout } = await child;
    return JSON.parse(stdout) as { flags: string[]; given: string[]; most: number };
  }

  it('has its limits also if the process was started without flags', async () => {
    const { flags, given, most } = await program([]);
    expect(flags).to.deep.equal(readHeapFlags('common'));
    expect(given).to.deep.equal(['a', '--b']);
    // Two halves of 4 MiB; without the flags it is 32 and more.
    expect(most).to.be.at.most(3 * 4 * 1024 * 1024);
  });

  it('has the limit that whoever started the process has given', async () => {
    const { flags } = await program(['--max_semi_space_size=8'], {
      NODE_OPTIONS: '--max-old-space-size=512',
    });
    expect(flags).to.deep.equal(['--max_semi_space_size=8']);
  });

  const printing =
    'data:text/javascript,console.error(JSON.stringify([...process.execArgv, process.env.MALLOC_ARENA_MAX]))';

  /** What the process was started with each time, a line each; it ends at once, because its settings are missing. */
  async function startsOf(role: string, env: Record<string, string> = {}): Promise<string[]> {
    const args = ['--import', printing, join(ROOT, role, 'main.ts')];
    const { stderr } = await run(process.execPath, args, { env: bareEnvironment(env), cwd: folder }).then(
      () => expect.fail('it ran without a database'),
      (error: unknown) => error as { stderr: string },
    );
    return stderr.split('\n').filter((line) => line.startsWith('['));
  }

  for (const role of ['api', 'relay', 'workers'])
    it(`is limited in ${role}/main.ts, started by itself`, async () => {
      const starts = await startsOf(role);
      const flags = role === 'relay' ? [...readHeapFlags('relay'), '"2"'] : readHeapFlags('common');
      const [first, ...later] = starts.map((line) => flags.every((flag) => line.includes(flag)));
      expect(first).to.equal(false);
      // Twice where its files had to be compiled.
      expect(later, starts.join('\n')).to.be.an('array').that.includes(true).and.not.includes(false);
    });

  it('is divided into as many arenas as whoever started the relay has said', async () => {
    const starts = await startsOf('relay', { MALLOC_ARENA_MAX: '4' });
    expect(starts.at(-1)).to.include('"4"').and.include('--no-allocation-site-pretenuring');
  });

  it('does not keep the compiler of TypeScript after the first start of a new version', async () => {
    const file = join(folder, 'first.ts');
    await writeFile(
      file,
      `import { enableCompileCache } from 'node:module';
import { startAgainIfCompiled } from '${join(ROOT, 'lib/process/heap.ts')}';
enableCompileCache();
startAgainIfCompiled();
const text: string = process.moduleLoadList.some((name) => name.includes('amaro')) ? 'compiler' : 'none';
console.log(text, process.argv.slice(2).join());`,
    );
    const start = async (): Promise<string> => {
      const env = bareEnvironment({ NODE_COMPILE_CACHE: join(folder, 'compiled') });
      return (await run(process.execPath, [file, 'a', '--b'], { env })).stdout;
    };
    expect([await start(), await start()]).to.deep.equal(['none a,--b\n', 'none a,--b\n']);
  });

  it('starts again once, even where nothing can be kept', async () => {
    await writeFile(join(folder, 'a-file'), '');
    const env = bareEnvironment({ NODE_COMPILE_CACHE: join(folder, 'a-file') });
    const { stdout } = await run(process.execPath, [join(folder, 'first.ts'), 'a'], { env });
    expect(stdout).to.equal('compiler a\n');
  });

  it('has one declaration, with which every other place agrees', async () => {
    const all = readHeapFlags('common').join(' ');
    for (const place of ['Makefile', 'package.json'])
      expect(await readFile(join(ROOT, place), 'utf8')).to.include(all);
  });
});
