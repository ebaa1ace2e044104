// What replays read of many rows: a selection, a page and a round read about what they show or raise.
import { expect } from 'chai';
import { insertJob, listJobs, readFailures } from '../../../db/replays/jobs.ts';
import { makePlan, readPlanPage } from '../../../db/replays/plans.ts';
import { findOpenJobs, judgeItems, lockOpenJob, raiseNext } from '../../../db/replays/rounds.ts';
import type { Selection } from '../../../db/replays/selection.ts';
import type { Tx } from '../../../db/server/connection.ts';
import { useDatabase } from '../../support/database.ts';
import { rowsRead } from '../../support/rows-read.ts';

const PAIRS = 10_000;
const NOW = new Date('2026-03-01T00:00:00Z');
const ALL: Selection = {
  ...{ systems: ['stripe'], ids: null, statuses: null, group: null, row: null, error: null, direction: null },
  ...{ since: null, until: null, closed: false, most: 100_000 },
};

// Of a hundred pairs one is parked; each has three deliveries.
const fillSql = `
insert into external_mappings (id, internal_id, system, account, external_id, state, reason, dirty, clean) overriding system value
select i, i, 'stripe', 'acct_1', 'cus_' || i, case when i % 100 = 0 then 'parked' else 'linked' end, case when i % 100 = 0 then 'email_invalid' end, 1, 1
from generate_series(1, ${PAIRS}) i;
insert into sync_deliveries (event_id, target, sync_event_id, mapping_id, event_type, version, status, last_error, created_at, settled_at)
select new_event_id(at), 'stripe', i, 1 + i % ${PAIRS}, 'customer.updated', 1, case when (1 + i % ${PAIRS}) % 100 = 0 then 'parked' else 'applied' end,
  case when (1 + i % ${PAIRS}) % 100 = 0 then '{"code": "email_invalid"}'::jsonb end, at, at
from (select i, '2026-03-01T00:00:00Z'::timestamptz - (${3 * PAIRS} - i) * interval '1 minute' as at from generate_series(1, ${3 * PAIRS}) i) x;
analyze external_mappings, sync_deliveries`;

describe('the statements of replays', () => {
  const database = useDatabase();
  let whole = '';

  before('many pairs, and a job of all of them', async function () {
    const { db } = database;
    await db.raw(fillSql);
    whole = (await makePlan(db, { ...ALL, statuses: ['applied', 'parked'] }, NOW)).hash;
    await db.transaction((tx) =>
      insertJob(tx as Tx, {
        ...{
          planHash: whole,
          rate: 100,
          stopShare: 0.5,
          most: PAIRS,
          actor: 'a test',
          reason: 'a test',
          now: NOW,
        },
      }),
    );
    await db.raw('analyze replay_items, replay_jobs');
  });

  /** The rows of the large tables that the work reads; none of them whole. */
  async function read(work: (tx: Tx) => Promise<unknown>): Promise<number> {
    const { scanned, fetched } = await rowsRead(database.db, work);
    const large = ['sync_deliveries', 'external_mappings', 'replay_items'];
    expect(
      large.filter((table) => (scanned[table] ?? 0) > 0),
      'read as a whole',
    ).to.deep.equal([]);
    return large.reduce((sum, table) => sum + (fetched[table] ?? 0), 0);
  }

  const group = { system: 'stripe', class: 'parked', code: 'email_invalid', field: null };
  const selections: Record<string, [Partial<Selection>, found: number, most: number]> = {
    'what is parked': [{ statuses: ['parked'] }, 300, 1_000],
    'what is parked in one direction': [{ statuses: ['parked'], direction: 'out' }, 300, 1_000],
    'a code': [{ statuses: ['parked'], error: 'email_invalid' }, 300, 1_000],
    'a code of any status': [{ error: 'email_invalid' }, 300, 1_000],
    'one customer': [{ statuses: ['parked'], row: { entity: 'customer', id: 200 } }, 3, 20],
    'a group': [{ group }, 300, 1_500],
    'what waits in the queue': [{ statuses: ['queued'] }, 0, 1_000],
  };
  for (const [name, [selection, found, most]] of Object.entries(selections))
    it(`reads few rows to select ${name}`, async () => {
      let deliveries = -1;
      const rows = await read(async (tx) => {
        deliveries = (await makePlan(tx, { ...ALL, ...selection }, NOW)).counts.deliveries;
      });
      expect(deliveries).to.equal(found);
      expect(rows).to.be.lessThan(most);
    });

  it('reads few rows to select events by their ids', async () => {
    const rows = await database.db<{ event_id: string }>('sync_deliveries').select('event_id').limit(5);
    const ids = rows.map(({ event_id: id }) => id);
    expect(await read((tx) => makePlan(tx, { ...ALL, ids }, NOW))).to.be.lessThan(50);
  });

  it('reads only its own rows for a page in the middle of a plan', async () => {
    let shown = 0;
    const rows = await read(async (tx) => {
      shown = (await readPlanPage(tx, { hash: whole, after: 2 * PAIRS, limit: 50 })).length;
    });
    expect(shown).to.equal(50);
    expect(rows).to.be.lessThan(500);
  });

  it('reads for a round what it judges and raises, however many pairs the job has', async () => {
    const statuses = ['applied', 'parked'];
    const rows = await read(async (tx) => {
      const [id = 0] = await findOpenJobs(tx);
      expect(await lockOpenJob(tx, id)).to.include({ queued: PAIRS });
      expect(await raiseNext(tx, { id, limit: 20, moved: 0, statuses, now: NOW })).to.deep.equal({
        raised: 20,
        skipped: 0,
      });
      await judgeItems(tx, { id, now: NOW, limit: 100 });
      expect(await raiseNext(tx, { id, limit: 20, moved: 20, statuses, now: NOW })).to.deep.equal({
        raised: 20,
        skipped: 0,
      });
    });
    expect(rows).to.be.lessThan(1_000);
  });

  it('reads no item for the list of jobs, and only those that failed for one job', async () => {
    const rows = await read(async (tx) => {
      const [job] = await listJobs(tx, { before: null, limit: 50 });
      expect(await readFailures(tx, job?.id ?? 0, 100)).to.deep.equal([]);
    });
    expect(rows).to.be.lessThan(10);
  });
});
