// What the event costs a write: PostgreSQL's CPU for the statement of the API, beside an insert of the same row into a
// table with the columns and indexes of `customers`, without triggers and without an event. One row a statement, as a
// client that comes alone has it; and eight, as the API writes requests that come at the same moment. Both are prepared
// and committed one by one, and both wait for the disk.
import { byColumn } from '../../db/entities/by-column.ts';
import { insertRow, insertTogether, type Stamp } from '../../db/entities/rows.ts';
import { runPrepared } from '../../db/server/prepared.ts';
import { customer as entity } from '../../lib/catalogue/built-in.ts';
import { newEventId } from '../../lib/uuid.ts';
import { openApiPlace, type ApiPlace } from '../api-place.ts';
import { quantile } from '../meter.ts';
import type { Answer, Finding, Measure, Size } from './measure.ts';

export const measure: Measure = {
  name: 'outbox-tax',
  about: 'PostgreSQL’s CPU for a write with its event, beside a bare insert of the same row',
  run,
};

const GOAL = 1.35;
const SESSIONS = 4;
/** Rows of one statement. */
const TOGETHER = 8;

const bareSql = `
insert into bare_customers (name, email, version, last_event_id, created_event_id, created_at, updated_at)
select r ->> 'name', r ->> 'email', 1, 1, (r ->> 'id')::uuid, :now::timestamptz, :now::timestamptz from jsonb_array_elements(:rows::jsonb) r
returning *`;
const bareOneSql = `
insert into bare_customers (name, email, version, last_event_id, created_event_id, created_at, updated_at)
values (:name, :email, 1, 1, :id::uuid, :now::timestamptz, :now::timestamptz)
returning *`;
const withEvent = (insert: string): string => `
with c as (${insert}), e as (
  insert into bare_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context, created_at)
  select c.id, c.created_event_id, 'customer.created', 'customer', c.id, 'customer:' || c.id, 1, 'internal',
    jsonb_build_object('customer_data', jsonb_build_object('id', c.id, 'name', c.name, 'email', c.email)), '{}', c.created_at from c
)
select * from c`;
const tablesSql = `
create table bare_customers (like customers including all);
create table bare_events (like sync_events including all)`;

type Write = () => Promise<unknown>;
/** `both`: the bare row and a bare event, in one statement. */
type Pair = { id: string; rows: number; ours: Write; bare: Write; both: Write };

async function run({ full, rounds }: Size): Promise<Answer> {
  const count = full ? 20_000 : 6_000;
  const place = await openApiPlace({ poolSize: SESSIONS });
  try {
    await place.db.raw(tablesSql);
    const findings: Finding[] = [];
    for (const pair of pairsOf(place)) findings.push(...(await taxOf(place, pair, { rounds, count })));
    return { findings };
  } finally {
    await place.close();
  }
}

function pairsOf({ db }: ApiPlace): Pair[] {
  let made = 0;
  const valuesOf = (): { name: string; email: string } => {
    made += 1;
    return { name: `Customer ${made}`, email: `customer${made}@example.com` };
  };
  const stampOf = (): Stamp => {
    const now = new Date();
    return { eventId: newEventId(now), source: 'internal', context: { request_id: newEventId(now) }, now };
  };
  const rowsOf = <T>(row: () => T): T[] => Array.from({ length: TOGETHER }, row);
  const one = (sql: string): Write => {
    return () => runPrepared(db, sql, { ...valuesOf(), id: newEventId(new Date()), now: new Date() });
  };
  const many = (sql: string): Write => {
    const rowOf = () => ({ ...valuesOf(), id: newEventId(new Date()) });
    return () => runPrepared(db, sql, { rows: JSON.stringify(rowsOf(rowOf)), now: new Date() });
  };
  return [
    {
      ...{ id: 'outbox tax', rows: 1 },
      ours: () => insertRow(db, entity, valuesOf(), stampOf()),
      ...{ bare: one(bareOneSql), both: one(withEvent(bareOneSql)) },
    },
    {
      ...{ id: `outbox tax, ${TOGETHER} rows a statement`, rows: TOGETHER },
      ours: () => {
        const rows = rowsOf(() => ({ json: byColumn(entity, valuesOf()).json, stamp: stampOf() }));
        return insertTogether(db, entity, byColumn(entity, valuesOf()).columns, rows);
      },
      ...{ bare: many(bareSql), both: many(withEvent(bareSql)) },
    },
  ];
}

async function taxOf(
  place: ApiPlace,
  { id, rows, ours, bare, both }: Pair,
  { rounds, count }: { rounds: number; count: number },
): Promise<Finding[]> {
  const statements = Math.ceil(count / rows);
  const cpuOf = async (write: Write, times = statements): Promise<number> => {
    const before = await place.postgresCpu();
    await each(write, times);
    return (((await place.postgresCpu()) - before) / (times * rows)) * 1_000;
  };
  // Plans are made, and the files of the tables have their first pages.
  for (const write of [ours, bare, both]) await cpuOf(write, Math.ceil(statements / 10));
  const costs: Record<'ours' | 'bare' | 'both', number[]> = { ours: [], bare: [], both: [] };
  for (let round = 0; round < rounds; round += 1) {
    const order = [
      ['bare', bare],
      ['both', both],
      ['ours', ours],
    ] as const;
    for (const [name, write] of [...order, ...order.toReversed()]) costs[name].push(await cpuOf(write));
  }
  const ratios = costs.ours.map((cost, at) => cost / (costs.bare[at] ?? NaN));
  const value = quantile(ratios, 0.5);
  const ms = (name: keyof typeof costs): string => `${quantile(costs[name], 0.5).toFixed(3)} ms`;
  return [
    {
      ...{ id, value, unit: 'ratio', spread: [Math.min(...ratios), Math.max(...ratios)] },
      beside: `bare insert: ${ms('bare')} of PostgreSQL for a row`,
      ...(value > GOAL && {
        why:
          `a row takes ${ms('bare')}; with a bare event in a table with the columns and indexes of sync_events ${ms('both')}; ours ${ms('ours')}. ` +
          'What ours takes beyond the two bare inserts is the start of a larger statement, the functions that draw the id of the event and ' +
          'make its payload, and the triggers that refuse a row without its event',
      }),
    },
  ];
}

async function each(write: Write, count: number): Promise<void> {
  let left = Math.ceil(count);
  await Promise.all(
    Array.from({ length: SESSIONS }, async () => {
      while ((left -= 1) >= 0) await write();
    }),
  );
}
