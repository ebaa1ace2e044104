import { expect } from 'chai';
import fc from 'fast-check';
import { isLeft, planFirstLink, storeConsents } from '../../../lib/operations/link-plan.ts';
import type { LinkPlan } from '../../../lib/operations/planned-link.ts';
import { useDatabase } from '../../support/database.ts';
import { createWorld, emptyTables } from '../../support/sync.ts';
import { createInbound, mappingsIn, type MappingSeen } from '../../support/two-way.ts';
import { fill, filled, readAccount, type Filled, type World } from './link-worlds.ts';

const WORLDS = 40;
/** A machine that is busy looks at fewer. */
const ENOUGH_MS = 15_000;

const settings = {
  linkByEmail: 'ask',
  imports: true,
  writes: true,
  pulls: true,
  looksBeforeCreate: true,
} as const;
const record = { person: 0, upper: false, name: 'same', tag: null } as const;

const twice = [record, record];
const alone: Filled = { rows: [], records: [], policy: settings, isRead: true };

/** Worlds that are looked at each time, by what is said of them. */
const chosen: Record<string, Filled> = {
  'the best of two records with one email becomes a customer, the other one its alias': {
    ...alone,
    records: twice,
    isRead: false,
  },
  'a row that no worker has received gets one of two records, and the other one becomes its alias': {
    ...alone,
    rows: [{ person: 0, kind: 'unreceived' }],
    records: twice,
  },
  'with writes off a pair is linked and waits, and no record is made': {
    ...alone,
    rows: [
      { person: 0, kind: 'waiting' },
      { person: 1, kind: 'waiting' },
    ],
    records: [{ ...record, name: 'other' }],
    policy: { ...settings, writes: false },
  },
  'where the table was empty, the reading makes a customer of a record whose owner tag is lost': {
    ...alone,
    records: [{ ...record, tag: 'lost' }],
    isRead: false,
  },
  'of records with one email of which the best waits for a person, the next best becomes the customer': {
    ...alone,
    rows: [{ person: 0, kind: 'linked' }],
    records: [1, 2, 3, 4].flatMap((person) => [
      { ...record, person, tag: 'lost' as const },
      { ...record, person },
      { ...record, person, upper: true },
    ]),
    isRead: false,
  },
  'the record of a customer that was let go waits for consent': {
    ...alone,
    rows: [{ person: 0, kind: 'let_go' }],
    records: [record],
  },
};

describe('the plan of a first link', () => {
  const database = useDatabase();

  for (const [sentence, both] of Object.entries(chosen))
    it(`says what happens: ${sentence}`, async () => {
      const { planned, happened } = await linkBoth(both);
      expect(happened).to.deep.equal(planned);
    });

  it('says of every row and record what has become of it once the workers are at rest', async () => {
    const end = performance.now() + ENOUGH_MS;
    await fc.assert(
      fc.asyncProperty(filled, async (both) => {
        if (performance.now() > end) return;
        const { planned, happened } = await linkBoth(both);
        expect(happened).to.deep.equal(planned);
      }),
      { numRuns: WORLDS },
    );
  });

  async function linkBoth(both: Filled): Promise<{ planned: Outcome; happened: Outcome }> {
    await emptyTables(database.db);
    const engine = await createWorld(database.db, { policy: both.policy });
    const world: World = Object.assign(engine, createInbound(engine));
    try {
      await world.lane.runOnce();
      await fill(world, both);
      const before = await seen(world);
      const plan = await planFirstLink(world.deps);
      await storeConsents(world.deps, plan, 'test');
      if (!both.isRead) await readAccount(world);
      await world.rest();
      return { planned: saidBy(plan, before), happened: await found(world, plan, before) };
    } finally {
      await world.lane.drain();
      await world.simulator.close();
    }
  }
});

interface Outcome {
  /** By customer that waited: the record it has, or `made`; its values; and the reason for which it waits. */
  rows: Record<string, string>;
  /** By record that was there and is no such customer's. */
  records: Record<string, string>;
}

interface Seen {
  mappings: MappingSeen[];
  records: string[];
  customers: number[];
}

async function seen(world: World): Promise<Seen> {
  const customers = await world.db<{ id: number }>('customers').select('id').orderBy('id');
  return {
    mappings: await mappingsIn(world.db),
    records: world.simulator.customers().map(({ id }) => id),
    customers: customers.map(({ id }) => id),
  };
}

function saidBy(plan: LinkPlan, before: Seen): Outcome {
  const outcome: Outcome = { rows: {}, records: {} };
  const { rows, records } = outcome;
  for (const { customer, externalId, waits, changes } of plan.pairs.values()) {
    const clashes = changes.conflicts.map(({ field, winner }) => `${field} ${winner}`);
    rows[customer] = saidOf(externalId, waits, waits === null ? clashes : []);
  }
  for (const { customer, waits } of plan.creates)
    rows[customer] = saidOf(waits === null ? 'made' : 'none', waits, []);
  for (const id of plan.imports) records[id] = 'customer';
  for (const { externalId, customer } of plan.aliases) records[externalId] = `alias of ${customer ?? 'new'}`;
  for (const { externalId, why } of plan.others) records[externalId] = isLeft(why) ? 'left' : `waits: ${why}`;
  rows['ended'] = String(plan.ended.length);
  records['elsewhere'] = String(plan.elsewhere);
  expect(before.records, 'records').to.have.length(
    plan.pairs.size + Object.keys(records).length - 1 + plan.elsewhere + plan.known + plan.matches.length,
  );
  return outcome;
}

function saidOf(record: string, waits: string | null, conflicts: string[]): string {
  return [record, waits ?? 'agrees', ...conflicts.toSorted()].join(', ');
}

/** What is found of the same rows and records. */
async function found(world: World, plan: LinkPlan, before: Seen): Promise<Outcome> {
  const after = await seen(world);
  const outcome: Outcome = { rows: {}, records: {} };
  const conflicts = await conflictsByCustomer(world);
  const planned = [...plan.pairs.keys(), ...plan.creates.map(({ customer }) => customer)];
  for (const customer of planned) {
    const own = after.mappings.find((one) => one.internalId === customer && one.role === 'primary');
    const { externalId = null, state, reason = null } = own ?? {};
    const record = externalId === null ? 'none' : before.records.includes(externalId) ? externalId : 'made';
    const waits = state === 'linked' ? null : (reason ?? state ?? 'no mapping');
    outcome.rows[customer] = saidOf(record, waits, waits === null ? (conflicts.get(customer) ?? []) : []);
  }
  const ended = (mappings: MappingSeen[]): number =>
    mappings.filter(({ state }) => state === 'tombstoned').length;
  outcome.rows['ended'] = String(ended(after.mappings) - ended(before.mappings));
  const taken = new Set([...plan.pairs.values()].map(({ externalId }) => externalId));
  const left = new Set(plan.others.flatMap(({ externalId, why }) => (isLeft(why) ? [externalId] : [])));
  let elsewhere = 0;
  for (const id of before.records) {
    const isKnown = before.mappings.some((one) => one.externalId === id && one.internalId !== null);
    if (isKnown || taken.has(id)) continue;
    const mapping = after.mappings.find(({ externalId }) => externalId === id);
    if (mapping) outcome.records[id] = becomeOf(mapping, before);
    else if (left.has(id)) outcome.records[id] = 'left';
    else elsewhere += 1;
  }
  outcome.records['elsewhere'] = String(elsewhere);
  expect(after.customers, 'customers').to.have.length(before.customers.length + plan.imports.length);
  return outcome;
}

function becomeOf({ internalId, role, reason, state }: MappingSeen, before: Seen): string {
  if (internalId === null) return `waits: ${reason ?? state}`;
  const isNew = !before.customers.includes(internalId);
  if (role === 'alias') return `alias of ${isNew ? 'new' : internalId}`;
  return isNew ? 'customer' : `primary of ${internalId}`;
}

async function conflictsByCustomer({ db }: World): Promise<Map<number, string[]>> {
  const { rows } = await db.raw<{ rows: { customer: number; says: string }[] }>(
    `select internal_id as customer, field || ' ' || winner as says from sync_conflicts where field is not null order by id`,
  );
  return new Map(
    [...Map.groupBy(rows, ({ customer }) => customer)].map(([id, some]) => [
      id,
      some.map(({ says }) => says),
    ]),
  );
}
