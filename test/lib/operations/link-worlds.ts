// Generated tables and accounts that were filled before they met, and what a first link makes of them.
import fc from 'fast-check';
import { readConnection } from '../../../db/connections.ts';
import type { Customer } from '../../support/customers.ts';
import { insertNotLinked } from '../../../db/mappings/writes/consents.ts';
import { withTransaction } from '../../../db/server/connection.ts';
import { readAccountRecords } from '../../../lib/intake/account-reading.ts';
import { createResolveOperations } from '../../../lib/operations/resolutions.ts';
import type { SyncPolicy } from '../../../lib/sync/settings.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import type { SyncWorld } from '../../support/sync.ts';
import type { Inbound } from '../../support/two-way.ts';
import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';

const PEOPLE = 5;

export type World = SyncWorld & Inbound;

/** `unreceived`: no event of it was received, so it has no mapping yet. */
type RowKind = 'waiting' | 'unreceived' | 'deleted' | 'linked' | 'let_go';

export interface Filled {
  /** At most one for each person. */
  rows: { person: number; kind: RowKind }[];
  records: {
    /** Null: it has no email. */
    person: number | null;
    upper: boolean;
    name: 'same' | 'other' | 'none';
    /** Which row its owner tag names; null: it has none. */
    tag: number | 'lost' | 'foreign' | 'no_uuid' | null;
  }[];
  policy: Pick<SyncPolicy, 'linkByEmail' | 'imports' | 'writes' | 'pulls' | 'looksBeforeCreate'>;
  /** The account is read before the plan is made; else behind it. */
  isRead: boolean;
}

const person = fc.nat(PEOPLE - 1);

export const filled: fc.Arbitrary<Filled> = fc
  .record({
    rows: fc.uniqueArray(
      fc.record({
        person,
        kind: fc.constantFrom<RowKind[]>(
          ...(['waiting', 'waiting', 'waiting', 'unreceived', 'deleted', 'linked', 'let_go'] as const),
        ),
      }),
      { selector: (row) => row.person, maxLength: PEOPLE },
    ),
    records: fc.array(
      fc.record({
        person: fc.option(person, { freq: 8 }),
        upper: fc.boolean(),
        name: fc.constantFrom('same', 'same', 'other', 'none'),
        tag: fc.oneof(
          { weight: 6, arbitrary: fc.constant(null) },
          { weight: 2, arbitrary: person },
          { weight: 1, arbitrary: fc.constantFrom('lost', 'foreign', 'no_uuid') },
        ),
      }),
      { maxLength: 6 },
    ),
    policy: fc.record({
      linkByEmail: fc.constantFrom('ask', 'ask', 'link', 'never'),
      imports: fc.boolean(),
      writes: fc.constantFrom(true, true, true, false),
      pulls: fc.constantFrom(true, true, true, false),
      looksBeforeCreate: fc.boolean(),
    }),
    isRead: fc.boolean(),
  })
  // A second record of a row for which none is made yet is looked at again and again.
  .filter(({ policy }) => policy.writes || policy.linkByEmail !== 'never');

/** Fills both sides of a world that has nothing yet; no event of theirs will come. */
export async function fill(world: World, { rows, records, isRead }: Filled): Promise<void> {
  const made = new Map<number, Customer>();
  const make = async (kind: RowKind): Promise<Customer[]> => {
    const some = rows.filter((row) => row.kind === kind);
    const customers: Customer[] = [];
    for (const one of some) {
      const row = await world.create({ name: nameOf(one.person), email: emailOf(one.person) });
      made.set(one.person, row);
      customers.push(row);
    }
    return customers;
  };
  if ((await make('linked')).length > 0) await world.rest(world.worker({ policy: { writes: true } }));
  await make('waiting');
  const [deleted, letGo] = [await make('deleted'), await make('let_go')];
  const account = (await readConnection(world.db, 'stripe'))?.account ?? '';
  await withTransaction(world.db, (tx) =>
    insertNotLinked(tx, { system: 'stripe', externalType: 'customer', account }),
  );
  for (const { id } of deleted) await world.remove(id);
  const { db, clock } = world;
  const resolutions = createResolveOperations({ entity: customerEntity, db, clock, log: world.deps.log });
  for (const { id } of letGo) {
    const mapping = await mappingOf(db, id);
    await resolutions.resolve(mapping.id, { action: 'let_go', actor: 'test', why: null });
  }
  await world.receive();
  await make('unreceived');
  for (const record of records) makeRecord(world, record, made);
  for (const event of world.undelivered()) world.lose(event);
  await world.db('account_readings').delete();
  if (isRead) await readAccount(world);
}

export async function readAccount({ deps }: World): Promise<void> {
  while ((await readAccountRecords(deps, new AbortController().signal)) === 'reading') continue;
}

function makeRecord(
  world: World,
  { person: whose, upper, name, tag }: Filled['records'][number],
  rows: ReadonlyMap<number, Customer>,
): void {
  // Of two in one second the list does not tell which is older.
  world.advance(1_000);
  const email = whose === null ? null : emailOf(whose);
  world.simulator.dashboard.createCustomer({
    name: name === 'none' ? null : name === 'other' ? `Other ${whose ?? ''}` : nameOf(whose ?? 0),
    email: upper ? (email?.toUpperCase() ?? null) : email,
    metadata: metadataOf(world, tag, rows),
  });
}

function metadataOf(
  { deps }: World,
  tag: Filled['records'][number]['tag'],
  rows: ReadonlyMap<number, Customer>,
): Record<string, string> {
  const own = `twinbox_${deps.policy.instanceId}`;
  switch (tag) {
    case null:
      return {};
    case 'lost':
      return { [own]: '01990000-0000-7000-8000-000000000002' };
    case 'foreign':
      return { twinbox_zzzzzzzz: '01990000-0000-7000-8000-000000000001' };
    case 'no_uuid':
      return { [own]: 'by hand' };
    default: {
      const row = rows.get(tag);
      return row ? { [own]: row.createdEventId } : {};
    }
  }
}

function nameOf(whose: number): string {
  return `Person ${whose}`;
}

function emailOf(whose: number): string {
  return `person${whose}@example.com`;
}
