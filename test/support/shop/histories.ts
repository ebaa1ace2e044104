// Random histories of two entities in two systems, of which the second lets orders go step by step: people at each side create, edit and delete, systems
// are reached or not, time passes. At the end everything rests, and the laws are judged.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { customer } from '../../../lib/catalogue/built-in.ts';
import type { Fields, Value } from '../../../lib/catalogue/document.ts';
import type { Entity } from '../../../lib/catalogue/entity.ts';
import type { Shadow } from '../../../lib/sync/shadow.ts';
import { nextOfOrder } from './orders.ts';
import type { ShopKind } from './server.ts';
import { order, type ShopSide, type ShopWorld } from './world.ts';

export type Move =
  | { do: 'make'; who: Who; what: 'customer' | 'order' }
  | { do: 'edit'; who: Who; what: 'customer' | 'order'; nth: number; field: number }
  | { do: 'remove'; who: Who; what: 'customer' | 'order'; nth: number }
  | { do: 'rest'; which: 'first' | 'second' | 'both' }
  | { do: 'wait' };
type Who = 'ours' | 'first' | 'second';

const who = fc.constantFrom<Who>('ours', 'ours', 'first', 'second');
const what = fc.constantFrom('customer' as const, 'order' as const, 'order' as const);
const nth = fc.nat(7);

export const history: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('make' as const), who, what }) },
    {
      weight: 8,
      arbitrary: fc.record({ do: fc.constant('edit' as const), who, what, nth, field: fc.nat(5) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), who, what, nth }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('rest' as const),
        which: fc.constantFrom('first' as const, 'second' as const, 'both' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
  ),
  { minLength: 6, maxLength: 26 },
);

/** A value that a person wrote, as the side says it. */
type Written = { side: Who; entity: string; at: string | number; field: string; value: Value };

/** Plays the moves; returns every value that was written, oldest first. */
export async function play(world: ShopWorld, moves: readonly Move[]): Promise<Written[]> {
  const written: Written[] = [];
  let serial = 0;
  const [first, second] = world.sides as [ShopSide, ShopSide];
  const sideOf = { first, second };
  const entityOf = { customer, order };
  const kindOf = { customer: 'people', order: 'orders' } as const satisfies Record<string, ShopKind>;

  for (const move of moves) {
    world.clock.advance(1_000);
    if (move.do === 'wait') world.clock.advance(120_000);
    else if (move.do === 'rest') await world.rest(move.which === 'both' ? world.sides : [sideOf[move.which]]);
    else if (move.who === 'ours') await atOurs(move);
    else await atShop(sideOf[move.who], move);
  }
  return written;

  function fresh(entity: Entity, reference: Value): Fields {
    serial += 1;
    return entity === customer
      ? { name: `Name ${serial}`, email: `n${serial}@example.com` }
      : { number: `N-${serial}`, customer: reference, ...orderValues(serial) };
  }

  function note(side: Who, entity: Entity, at: string | number, values: Fields): void {
    for (const [field, value] of Object.entries(values))
      written.push({ side, entity: entity.name, at, field, value });
  }

  async function atOurs(move: Exclude<Move, { do: 'rest' | 'wait' }>): Promise<void> {
    const entity = entityOf[move.what];
    const living = await rowsOf(world, entity.name);
    if (move.do === 'make') {
      const [named] = (await rowsOf(world, 'customer')).toReversed();
      const values = fresh(entity, named?.id ?? null);
      const { id } = await world.create(entity, values);
      return note('ours', entity, id, values);
    }
    const row = living[move.nth % Math.max(1, living.length)];
    if (!row) return;
    if (move.do === 'remove') {
      await world.remove(entity, row.id);
      return;
    }
    const values = edited(entity, move.field, (serial += 1));
    await world.update(entity, row.id, values);
    note('ours', entity, row.id, values);
  }

  async function atShop(side: ShopSide, move: Exclude<Move, { do: 'rest' | 'wait' }>): Promise<void> {
    const name: Who = side === first ? 'first' : 'second';
    const entity = entityOf[move.what];
    const records = side.shop.records(kindOf[move.what]);
    if (move.do === 'make') {
      const values = fresh(entity, side.shop.records('people').at(-1)?.id ?? null);
      const { id } = side.shop.add(kindOf[move.what], values);
      return note(name, entity, id, values);
    }
    const record = records[move.nth % Math.max(1, records.length)];
    if (!record) return;
    if (move.do === 'remove') return side.shop.remove(record.id);
    const values = edited(entity, move.field, (serial += 1));
    side.shop.edit(record.id, values);
    note(name, entity, record.id, values);
  }
}

function orderValues(n: number): Fields {
  const day = `2026-01-${String((n % 28) + 1).padStart(2, '0')}`;
  const state = ['draft', 'open', 'paid', 'void'][n % 4] ?? null;
  return { amount: n, currency: `c${n}`, ordered_on: day, state, lines: [{ sku: `s${n}` }] };
}

/** One field, with a value that nobody else writes. */
function edited(entity: Entity, field: number, n: number): Fields {
  if (entity === customer) return field % 2 === 0 ? { name: `Name ${n}` } : { email: `n${n}@example.com` };
  const values = orderValues(n);
  const name = ['amount', 'currency', 'lines', 'state', 'ordered_on', 'state'][field] ?? 'amount';
  return { [name]: values[name] ?? null };
}

type Row = { id: number; fields: Fields };

async function rowsOf(world: ShopWorld, entity: string): Promise<Row[]> {
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

/** What is wrong at rest; empty if every law holds. */
export async function judge(world: ShopWorld, written: readonly Written[]): Promise<string[]> {
  const { rows: pairs } = await world.db.raw<{ rows: Pair[] }>(
    `select entity_type as entity, internal_id as id, system, external_id as "externalId", state, reason, shadow,
       array(select field from sync_conflicts c where c.mapping_id = m.id and c.kind = 'refused' and c.winner = 'neither') as refused
     from external_mappings m where state not in ('tombstoned', 'detached') and role = 'primary'`,
  );
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
    for (const row of await rowsOf(world, entity))
      for (const side of world.sides) wrong.push(...agreeing(side, entity, row, pairs));
  }
  wrong.push(...(await lost(world, written)));
  return wrong;
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
