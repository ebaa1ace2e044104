// The plans of the lists, read from PostgreSQL over many rows: a page costs what its own rows cost.
import { expect } from 'chai';
import type { Db } from '../../../db/server/connection.ts';
import { listEvents, type EventFilter } from '../../../db/events/list.ts';
import { countPending } from '../../../db/limits/pauses.ts';
import { readActionsCovering } from '../../../db/operator-actions.ts';
import { listAttempts, listRefusals } from '../../../db/stories/lists.ts';
import { customer } from '../../../lib/catalogue/built-in.ts';
import { readGroups } from '../../../lib/operations/error-groups.ts';
import { readStory } from '../../../lib/operations/story.ts';
import { useDatabase } from '../../support/database.ts';

type Node = {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Node[];
};
type Query = { sql: string; bindings: readonly unknown[] };

const EVENTS = 30_000;
const CUSTOMERS = 3_000;
/** Some rows more than the pages of all branches have, and far fewer than there are. */
const MOST_ROWS = 3_000;

const NOW = new Date('2026-03-01T00:00:00Z');

// Every second is an event; of ten, six are changes of ours and four are events of the system.
const fillSql = `
with made as (
  insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, created_at)
  select i, new_event_id(at), case when own then case when i % 1000 < 6 then 'customer.deleted' else 'customer.updated' end else 'stripe.customer.updated' end,
         'customer', case when own then c end, case when own then 'customer:' || c else 'stripe:acct_1:cus_' || c end, case when own then i end,
         case when own then 'internal' else 'stripe' end, '{}', at
  from (select i, i % 10 < 6 as own, 1 + i * 7 % ${CUSTOMERS} as c, :now::timestamptz - (${EVENTS} - i) * interval '1 minute' as at from generate_series(1, ${EVENTS}) i) x
  returning *
)
insert into sync_deliveries (event_id, target, sync_event_id, mapping_id, event_type, version, status, last_error, created_at, settled_at)
select event_id, case source when 'internal' then 'stripe' else 'internal' end, id, 1 + id * 7 % ${CUSTOMERS}, event_type, version,
       case when id % 600 = 1 then 'parked' when source = 'internal' then 'applied' else 'echo' end,
       case when id % 600 = 1 then '{"code": "email_invalid"}'::jsonb end, created_at, created_at
from made`;

const pairsSql = `
insert into external_mappings (id, internal_id, system, account, external_id, state) overriding system value
select i, i, 'stripe', 'acct_1', 'cus_' || i, 'linked' from generate_series(1, ${CUSTOMERS}) i`;

const callsSql = `
insert into sync_attempts (id, mapping_id, operation, request_id, status, latency_ms, created_at)
select new_event_id(created_at), mapping_id, 'update', 'req_' || sync_event_id, 200, 90, created_at from sync_deliveries where target = 'stripe'`;

// The rare ones are the oldest.
const refusalsSql = `
insert into inbound_refusals (system, reason, created_at)
select 'stripe', case when i < 6 then 'account_mismatch' else 'invalid_signature' end, :now::timestamptz from generate_series(1, ${EVENTS}) i`;

const actsSql = `
insert into operator_actions (action, system, actor, at, pairs_hash, previous, hash)
select case i % 5000 when 0 then 'pause' else 'replay' end, 'stripe', 'cli:ada', :now::timestamptz, '', '', '' from generate_series(1, ${EVENTS}) i`;

describe('the plans of lists', () => {
  const database = useDatabase();

  before('many events and deliveries', async function () {
    const { db } = database;
    await db.raw(pairsSql);
    await db.raw(fillSql, { now: NOW });
    await db.raw(
      `insert into walk_positions (name, position) values ('receive-gap:stripe', :last), ('receive-gap:stripe:internal', :last)`,
      { last: EVENTS },
    );
    await db.raw(
      `insert into relay_cursor (seen, win, last_id, floor, system_identifier, timeline, address_hash, generation, xid)
       select pg_current_snapshot(), pg_current_snapshot(), :last, :last, 1, 1, '', relay_cursor_generation(), pg_current_xact_id()`,
      { last: EVENTS },
    );
    await db.raw(callsSql);
    await db.raw(refusalsSql, { now: NOW });
    await db.transaction(async (tx) => {
      await tx.raw('set local session_replication_role = replica');
      await tx.raw(actsSql, { now: NOW });
    });
    await db.raw(
      'analyze sync_events, sync_deliveries, external_mappings, sync_attempts, inbound_refusals, operator_actions',
    );
  });

  const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
  const filters: Record<string, [Omit<EventFilter, 'systems' | 'limit'>, found: number]> = {
    'without a filter': [{}, 51],
    'after a place in the middle': [{ after: EVENTS / 2 }, 51],
    'of a frequent type': [{ type: 'customer.updated' }, 51],
    'of a rare type': [{ type: 'customer.deleted' }, 51],
    'of a type that there is not': [{ type: 'invoice.created' }, 0],
    'of the types with a beginning': [{ type: 'stripe.*' }, 51],
    'for a system': [{ target: 'stripe' }, 51],
    'for our table': [{ target: 'internal' }, 51],
    'of one customer': [{ customer: 8 }, 10],
    'of one customer in a frequent state': [{ customer: 15, statuses: ['applied'] }, 10],
    'that failed with a code, in a frequent state': [{ error: 'email_invalid', statuses: ['applied'] }, 0],
    'that failed with a code': [{ error: 'email_invalid' }, 50],
    'that failed with a code that there is not': [{ error: 'gone' }, 0],
    'in a rare state': [{ statuses: ['parked', 'waiting'] }, 50],
    'in a frequent state': [{ statuses: ['applied'] }, 51],
    'in a state that there is not': [{ statuses: ['noop', 'queued', 'closed'] }, 0],
    'that are not published or received': [{ statuses: ['unpublished', 'published'] }, 0],
    'that need attention': [{ needsAttention: true }, 50],
    'of the last hour': [{ since: ago(60) }, 51],
    'from long ago': [{ until: ago(EVENTS - 1_000) }, 51],
    'of one hour long ago': [{ since: ago(EVENTS - 1_000), until: ago(EVENTS - 1_060) }, 51],
    'in a frequent state from long ago': [{ statuses: ['applied'], until: ago(EVENTS - 1_000) }, 51],
    'of a rare type in a frequent state': [{ type: 'customer.deleted', statuses: ['applied'] }, 51],
    'of a frequent type in a rare state': [{ type: 'customer.updated', statuses: ['parked'] }, 40],
  };

  for (const [name, [filter, found]] of Object.entries(filters)) {
    it(`reads few rows for the events ${name}`, async () => {
      const { db } = database;
      let count = -1;
      await expectFewRows(db, async () => {
        count = (await listEvents(db, { ...filter, systems: ['stripe'], limit: 51 })).length;
      });
      expect(count).to.equal(found);
    });
  }

  it('reads only the calls of one customer, and only the refusals for one reason', async () => {
    const { db } = database;
    const calls = async () => {
      expect(await listAttempts(db, { customer: 8, limit: 51 })).to.have.length(10);
      expect(await listAttempts(db, { customer: 8, requestId: 'req_1', limit: 51 })).to.have.length(1);
    };
    await expectFewRows(db, calls, { of: /^sync_attempts/, most: 60 });
    const refusals = async () =>
      expect(await listRefusals(db, { reason: 'account_mismatch', limit: 51 })).to.have.length(5);
    await expectFewRows(db, () => refusals().then(() => undefined), { of: /^inbound_refusals/, most: 60 });
  });

  it('reads only the pairs that a worker is to look at, and not all, for the lanes', async () => {
    const { db } = database;
    await db.raw('update external_mappings set dirty = 1 where id = 7');
    const count = async () =>
      expect(await countPending(db, 'stripe')).to.include({ inbound: 1, outbound: 0 });
    await expectFewRows(db, () => count().then(() => undefined), { of: /^external_mappings/, most: 60 });
  });

  it('reads only the pauses of the record of operations for a timeline', async () => {
    const { db } = database;
    const of = {
      order: 'newest',
      limit: 50,
      after: null,
      systems: ['stripe'],
      now: NOW,
      retentionDays: 30,
    } as const;
    const told = async () => {
      const story = await readStory(db, { entity: 'customer', id: 8 }, of);
      expect(story?.facts.filter(({ kind }) => kind === 'operator')).to.have.length(EVENTS / 5_000);
    };
    await expectFewRows(db, told, { of: /^operator_actions/, most: 60 });
  });

  it('reads only the operations that can be about an event, and not the whole record', async () => {
    const { db } = database;
    const { rows } = await db.raw<{ rows: { id: string }[] }>(
      `select event_id as id from sync_events where id = 15000`,
    );
    const covering = async () => {
      expect(await readActionsCovering(db, rows[0]?.id ?? '')).to.deep.equal([]);
    };
    await expectFewRows(db, covering, { of: /^operator_action/, most: 60 });
  });

  it('reads only the rows of one customer for a timeline', async () => {
    const { db } = database;
    const page = {
      order: 'newest',
      limit: 50,
      after: null,
      systems: ['stripe'],
      now: NOW,
      retentionDays: 30,
    } as const;
    await expectFewRows(db, async () => {
      const story = await readStory(db, { entity: 'customer', id: 8 }, page);
      expect(story?.facts.length).to.be.greaterThan(10);
    });
  });

  it('reads only the pairs that need a person for the error groups', async () => {
    const { db } = database;
    await db.raw(
      `update external_mappings set state = 'parked', reason = 'email_invalid' where id % 100 = 0`,
    );
    await expectFewRows(
      db,
      async () => {
        expect((await readGroups(db, customer)).map(({ count }) => count)).to.deep.equal([CUSTOMERS / 100]);
      },
      { of: /^external_mappings/, most: CUSTOMERS / 10 },
    );
  });
});

/** Runs the statements once more with their plans, and counts what was read of some tables. */
async function expectFewRows(
  db: Db,
  run: () => Promise<void>,
  { of, most } = { of: /^sync_(events|deliveries)/, most: MOST_ROWS },
): Promise<void> {
  const queries: Query[] = [];
  const note = (query: Query) => void queries.push(query);
  db.on('query', note);
  await run().finally(() => db.removeListener('query', note));
  const told = queries.filter(({ sql }) => /^\s*(select|with)/.test(sql));
  expect(told).not.to.deep.equal([]);
  for (const { sql, bindings } of told) {
    const asked = `explain (analyze, format json) ${sql}`.replaceAll('\\?', '?');
    const { rows } = await db.raw<{ rows: { 'QUERY PLAN': [{ Plan: Node }] }[] }>(
      asked.replace(/\$\d+/g, '?'),
      [...bindings] as string[],
    );
    const nodes = rows
      .flatMap(({ 'QUERY PLAN': [{ Plan }] }) => all(Plan))
      .filter((node) => of.test(node['Relation Name'] ?? ''));
    // An empty partition is read whole.
    const whole = nodes.filter((node) => node['Node Type'] === 'Seq Scan' && rowsOf(node) > 0);
    expect(
      whole.map((node) => node['Relation Name']),
      sql,
    ).to.deep.equal([]);
    expect(
      nodes.reduce((sum, node) => sum + rowsOf(node), 0),
      sql,
    ).to.be.lessThan(most);
  }
}

function all(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(all)];
}

function rowsOf(node: Node): number {
  return (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
}
