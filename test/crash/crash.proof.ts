import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { createWorkers, type Workers } from '../support/killed-worker.ts';
import { describeTable, killAtAll, type Row } from './table.ts';
import { ways } from './ways.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The folders whose code a worker runs. */
const FOLDERS = ['workers', 'lib/sync', 'lib/intake', 'lib/limits', 'lib/bus', 'lib/integrations', 'db'];
/** Failpoints that none of these cases passes, and the test that stops there. */
const ELSEWHERE: Record<string, string> = {
  'breaker.probing': 'test/lib/limits/breaker.test.ts',
  'breaker.closed': 'test/lib/limits/breaker.test.ts',
  // Of a feed with a cursor, which Stripe has not: test/lib/intake/follow-crash.test.ts kills there.
  'follow.before-commit': 'test/lib/integrations/contract-following.ts',
  'follow.page': 'test/lib/intake/follow.test.ts',
};

describe('a worker that is killed', function () {
  this.timeout(0);
  const database = useDatabase();
  let workers: Workers;
  const rows: Row[] = [];

  before(() => {
    workers = createWorkers(database.url);
  });
  after(() => {
    workers.end();
    console.log(describeTable(rows));
  });

  for (const way of ways) {
    it(`in the case "${way.name}" leaves nothing undone, at whichever failpoint`, async () => {
      const row = await killAtAll(database.db, workers, way);
      rows.push(row);
      expect(row.points.flatMap(({ violations }) => violations)).to.deep.equal([]);
    });
  }

  it('is killed at every failpoint in the source: no case is missing', () => {
    const passed = new Set(rows.flatMap(({ points }) => points.map(({ name }) => name)));
    const named = failpointsNamed();
    expect([...named].filter((name) => !passed.has(name)).sort()).to.deep.equal(
      Object.keys(ELSEWHERE).sort(),
    );
    for (const [name, file] of Object.entries(ELSEWHERE))
      expect(readFileSync(join(ROOT, file), 'utf8')).to.include(`enableFailpoint('${name}'`);
    expect([...passed].filter((name) => !named.has(name))).to.deep.equal([]);
  });
});

function failpointsNamed(): Set<string> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(ROOT, folder, name)),
  );
  const calls = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/failpoint\(([^)]*)\)/g)]);
  return new Set(calls.map(([, name = '']) => name.replaceAll("'", '')));
}
