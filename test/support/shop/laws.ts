// What has to be true of two entities in two systems once everything rests, whatever happened before.
import { isDeepStrictEqual } from 'node:util';
import type { Fields, Value } from '../../../lib/catalogue/document.ts';
import type { Shadow } from '../../../lib/sync/shadow.ts';
import { nextOfOrder } from './orders.ts';
import type { ShopKind } from './server.ts';
import type { ShopSide, ShopWorld } from './world.ts';

export type Who = 'ours' | 'first' | 'second';

/** A value that a person wrote, as the side says it. */
export type Written = { side: Who; entity: string; at: string | number; field: string; value: Value };

export type Row = { id: number; fields: Fields };

export async function rowsOf(world: ShopWorld, entity: string): Promise<Row[]> {
  const { rows } = await world.db.raw<{ rows: Row[] }>(
    `select id, fields from entity_rows() where entity_type = :entity and deleted_at is null order by id`,
    { entity },
  );
  return rows;
}

type Pair = {
  entity: string;
  id: number | null;
  system: string;
  externalId: string | null;
  state: string;
  reason: string | null;
  shadow: Shadow;
  /** The fields of which a conflict says that their record refuses them. */
  refused: string[];
};

const pairsSql = `
select entity_type as entity, internal_id as id, system, external_id as "externalId", state, reason, shadow,
  array(select field from sync_conflicts c where c.mapping_id = m.id and c.kind = 'refused' and c.winner = 'neither') as refused
from external_mappings m where state not in ('tombstoned', 'detached') and role = 'primary'`;

/** What is wrong at rest; empty if every law holds. */
export async function judge(world: ShopWorld, written: readonly Written[]): Promise<string[]> {
  const pairs = await readPairs(world);
  const wrong: string[] = [];
  for (const entity of ['customer', 'order']) {
    const kind: ShopKind = entity === 'customer' ? 'people' : 'orders';
    for (const { system, shop } of world.sides) {
      const ids = new Set(pairs.filter((p) => p.system === system && p.id !== null).map((p) => p.externalId));
      for (const record of shop.records(kind))
        if (!ids.has(record.id) && !waits(pairs, system, record.id))
          wrong.push(
            `${system} has ${record.id}, which belongs to no row and waits for nothing: ${JSON.stringify(pairs.filter((p) => p.system === system))}`,
          );
    }
  }
  for (const { entity, system, externalId } of pairs)
    if (externalId?.startsWith(entity === 'customer' ? 'orders' : 'people'))
      wrong.push(`${system} has a pair of a ${entity} for ${externalId}`);
  wrong.push(...(await disagreements(world, world.sides)));
  wrong.push(...(await lost(world, written)));
  wrong.push(...(await unsettled(world)));
  for (const { system, shop } of world.sides)
    wrong.push(...shop.idle().map((what) => `${system} was sent what it had: ${what}`));
  return wrong;
}

/** Where a row and its record at one of these systems differ. */
export async function disagreements(world: ShopWorld, sides: readonly ShopSide[]): Promise<string[]> {
  const pairs = await readPairs(world);
  const wrong: string[] = [];
  for (const entity of ['customer', 'order'])
    for (const row of await rowsOf(world, entity))
      for (const side of sides) wrong.push(...agreeing(side, entity, row, pairs));
  return wrong;
}

/**
 * Each change of a row has one final outcome at each system, unless its pair waits; and a change that a
 * system made is not sent back to it.
 */
async function unsettled({ db }: ShopWorld): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { what: string }[] }>(
    `select concat_ws(' ', d.event_type, d.target, d.status) as what
     from sync_deliveries d left join external_mappings m on m.id = d.mapping_id
     where d.status in ('queued', 'parked') or (d.status = 'waiting' and m.state is distinct from 'waiting')
     union all
     select concat_ws(' ', 'made by', e.source, 'and sent to it:', d.event_type, d.status)
     from sync_deliveries d join sync_events e on e.event_id = d.event_id
     where d.target = e.source and d.status not in ('origin', 'waiting')`,
  );
  return rows.map(({ what }) => `outcome: ${what}`);
}

async function readPairs({ db }: ShopWorld): Promise<Pair[]> {
  const { rows } = await db.raw<{ rows: Pair[] }>(pairsSql);
  return rows;
}

function waits(pairs: Pair[], system: string, externalId: string): boolean {
  return pairs.some((p) => p.system === system && p.externalId === externalId && p.state === 'waiting');
}

function agreeing({ system, shop }: ShopSide, entity: string, row: Row, pairs: Pair[]): string[] {
  const name = `${entity} ${row.id} at ${system}`;
  const own = pairs.filter((p) => p.system === system && p.entity === entity && p.id === row.id);
  const [pair] = own;
  if (own.length !== 1 || !pair) return [`${name} has ${own.length} pairs`];
  if (pair.state === 'waiting') return []; // with a reason, and a person is asked
  const record = shop
    .records(entity === 'customer' ? 'people' : 'orders')
    .find(({ id }) => id === pair.externalId);
  if (!record) return [`${name} is ${pair.state} and has no record`];
  const named = { ...row.fields, customer: counterpart(pairs, system, row.fields['customer'] ?? null) };
  return Object.entries(row.fields).flatMap(([field, value]) => {
    const theirs = record.fields[field] ?? null;
    const ours = field === 'customer' ? counterpart(pairs, system, value) : value;
    // The named row is deleted: what its record was called there stays in the record.
    if (field === 'customer' && value !== null && ours === null) return [];
    const isSame = JSON.stringify(ours) === JSON.stringify(theirs);
    if (!isSame && isRefused(pair, field, { ours: named, theirs: record.fields })) return [];
    return isSame
      ? []
      : [`${name} has ${field} ${JSON.stringify(ours)}, and there ${JSON.stringify(theirs)}`];
  });
}

/** Both sides stay as they are: the record forbids our value now, and a conflict says so. */
function isRefused({ shadow, refused }: Pair, field: string, now: { ours: Fields; theirs: Fields }): boolean {
  const left = shadow[field];
  if (left?.reason !== 'refused' || !refused.includes(field)) return false;
  const isAsLeft = isDeepStrictEqual(
    [left.ours, left.theirs],
    [now.ours[field] ?? null, now.theirs[field] ?? null],
  );
  const answer = nextOfOrder({ ...now, push: [field] });
  return isAsLeft && answer !== null && 'refuse' in answer;
}

function counterpart(pairs: Pair[], system: string, id: Value): Value {
  if (id === null) return null;
  return pairs.find((p) => p.system === system && p.entity === 'customer' && p.id === id)?.externalId ?? null;
}

/** The fields whose values are texts that nobody else writes. */
const UNIQUE = ['name', 'email', 'number', 'currency'];

/**
 * What a person wrote at a system is lost if it stands nowhere: not in the history of our rows, not in a
 * conflict and not at its own record, though that person's side has neither replaced nor deleted it.
 */
async function lost(world: ShopWorld, written: readonly Written[]): Promise<string[]> {
  const { rows } = await world.db.raw<{ rows: { text: string }[] }>(
    `select coalesce(string_agg(t, ' '), '') as text from (
       select payload::text as t from sync_events where entity_id is not null
       union all select concat_ws(' ', base::text, ours::text, theirs::text) from sync_conflicts) texts`,
  );
  const history = rows[0]?.text ?? '';
  const records = new Map(
    world.sides.flatMap(({ system, shop }, at) =>
      [...shop.records('people'), ...shop.records('orders')].map((record) => [
        `${at === 0 ? 'first' : 'second'} ${record.id}`,
        { system, ...record },
      ]),
    ),
  );
  return written.flatMap((one, at) => {
    const record = records.get(`${one.side} ${one.at}`);
    if (!record || !UNIQUE.includes(one.field) || record.fields[one.field] === one.value) return [];
    const isReplaced = written
      .slice(at + 1)
      .some((later) => later.side === one.side && later.at === one.at && later.field === one.field);
    if (isReplaced || history.includes(JSON.stringify(one.value))) return [];
    return [`${record.system} ${record.id}: ${one.field} ${JSON.stringify(one.value)} is lost`];
  });
}
