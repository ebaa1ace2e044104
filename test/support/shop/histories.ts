// Random histories of two entities in two systems, of which the second lets orders go step by step:
// people at each side create, edit and delete, systems are reached or not, time passes. At the end everything rests, and the laws are judged.
import fc from 'fast-check';
import { customer } from '../../../lib/catalogue/built-in.ts';
import type { Fields, Value } from '../../../lib/catalogue/document.ts';
import type { Entity } from '../../../lib/catalogue/entity.ts';
import { rowsOf, type Who, type Written } from './laws.ts';
import type { ShopKind } from './server.ts';
import { meet, troubles, type Met, type Trouble } from './trouble.ts';
import { order, type ShopSide, type ShopWorld } from './world.ts';

export type Move =
  | { do: 'make'; who: Who; what: 'customer' | 'order' }
  | { do: 'edit'; who: Who; what: 'customer' | 'order'; nth: number; field: number }
  | { do: 'remove'; who: Who; what: 'customer' | 'order'; nth: number }
  | { do: 'rest'; which: 'first' | 'second' | 'both' }
  | { do: 'wait' }
  | Trouble;

/** A move of a person, at our side or at one of theirs. */
type ByPerson = Extract<Move, { who: Who }>;

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
    ...troubles,
  ),
  { minLength: 8, maxLength: 40 },
);

/** Plays the moves; returns every value that was written, oldest first, and what went wrong on the way. */
export async function play(
  world: ShopWorld,
  moves: readonly Move[],
): Promise<{ written: Written[]; met: Met }> {
  const met: Met = { wrong: [], counts: {} };
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
    else if (!('who' in move)) {
      // Then each system has something to do while one of them hangs.
      if (move.do === 'hang') await atOurs({ do: 'make', who: 'ours', what: 'customer' });
      await meet(world, move, met);
    } else if (move.who === 'ours') await atOurs(move);
    else await atShop(sideOf[move.who], move);
  }
  return { written, met };

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

  async function atOurs(move: ByPerson): Promise<void> {
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

  async function atShop(side: ShopSide, move: ByPerson): Promise<void> {
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
