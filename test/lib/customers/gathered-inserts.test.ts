// Customers that several requests create at the same moment: fewer statements, and for each request the outcome
// that it would have by itself.
import { expect } from 'chai';
import type { Db } from '../../../db/server/connection.ts';
import { customer as entity } from '../../../lib/catalogue/built-in.ts';
import { systemClock } from '../../../lib/clock.ts';
import {
  createCustomerStore,
  type CreateOutcome,
  type CustomerStore,
} from '../../../lib/customers/customers.ts';
import { useDatabase } from '../../support/database.ts';
import { createSignal } from '../../support/signal.ts';

/** One statement writes so many. */
const MANY = 12;

describe('customers that are created at the same moment', () => {
  const database = useDatabase();
  let db: Db;
  let store: CustomerStore;
  let made = 0;

  beforeEach(() => {
    db = database.db;
    // A store that has not seen rows fail gathers at once. Its time stands still: nothing takes long.
    store = createCustomerStore({ db, clock: systemClock, entity, nudge: () => undefined, elapsed: () => 0 });
  });

  const fresh = (): string => `at-once-${(made += 1)}@example.com`;
  const create = (email: string, name = 'Ada'): Promise<CreateOutcome> =>
    store.create({ name, email }, { context: { request_id: `for ${email}` } });
  const emails = (): string[] => Array.from({ length: MANY }, fresh);
  const outcomesOf = async (all: Promise<CreateOutcome>[]): Promise<string[]> =>
    (await Promise.all(all)).map(({ outcome }) => outcome);
  const countOf = async (which: readonly string[]): Promise<number> => {
    const { rows } = await db.raw<{ rows: { count: number }[] }>(
      'select count(*)::integer as count from customers where email = any(:which::text[])',
      { which: [...which] },
    );
    return rows[0]?.count ?? NaN;
  };

  async function statementsDuring(act: () => Promise<unknown>): Promise<string[]> {
    const seen: string[] = [];
    const note = ({ sql }: { sql: string }): void => void seen.push(sql);
    db.on('query', note);
    await act();
    db.removeListener('query', note);
    return seen;
  }

  /** `body`: what a trigger of the owner does before each row. */
  async function withTrigger(body: string, act: () => Promise<void>): Promise<void> {
    await db.raw(`create function of_the_owner() returns trigger language plpgsql as $$ begin ${body} return new; end $$;
      create trigger of_the_owner before insert on customers for each row execute function of_the_owner()`);
    try {
      await act();
    } finally {
      await db.raw('drop trigger of_the_owner on customers; drop function of_the_owner()');
    }
  }

  it('are written by few statements, each with its own event, context and answer', async () => {
    const all = emails();
    let outcomes: CreateOutcome[] = [];
    const statements = await statementsDuring(async () => {
      outcomes = await Promise.all(all.map((email) => create(email, `Name of ${email}`)));
    });
    expect(statements).to.have.lengthOf(1);
    const { rows } = await db.raw<{ rows: Record<string, unknown>[] }>(
      `select c.email, c.id, e.payload -> 'customer_data' ->> 'name' as name, e.context ->> 'request_id' as request, e.event_type, e.source
       from customers c join sync_events e on e.id = c.last_event_id and e.event_id = c.created_event_id
       where c.email = any(:all::text[])`,
      { all },
    );
    const stored = new Map(rows.map((row) => [row['email'], row]));
    all.forEach((email, at) => {
      const outcome = outcomes[at];
      if (outcome?.outcome !== 'created') throw new Error(`not created: ${outcome?.outcome}`);
      const { customer } = outcome;
      expect(customer.fields).to.deep.equal({ email, name: `Name of ${email}` });
      expect(customer).to.deep.include({ version: 1, deletedAt: null, mappings: [] });
      expect(stored.get(email)).to.deep.equal({
        ...{ email, id: customer.id, name: `Name of ${email}`, request: `for ${email}` },
        ...{ event_type: 'customer.created', source: 'internal' },
      });
    });
  });

  it('one of which has the email of another are all written but that one', async () => {
    const all = emails();
    const taken = String(all[0]).toUpperCase();
    const outcomes = await outcomesOf([...all, taken].map((email) => create(email)));
    expect(outcomes.filter((outcome) => outcome === 'created')).to.have.lengthOf(MANY);
    expect(outcomes.filter((outcome) => outcome === 'duplicate_email')).to.have.lengthOf(1);
  });

  it('one of which the table refuses are all written but that one', () =>
    withTrigger(`if new.name = 'Refused' then raise exception 'not this one'; end if;`, async () => {
      const outcomes = await outcomesOf(
        emails().map((email, at) => create(email, at === 7 ? 'Refused' : 'Ada')),
      );
      expect(outcomes).to.deep.equal(outcomes.map((_, at) => (at === 7 ? 'refused' : 'created')));
    }));

  it('one of which the table drops are all written but that one', () =>
    withTrigger(`if new.name = 'Dropped' then return null; end if;`, async () => {
      const outcomes = await outcomesOf(
        emails().map((email, at) => create(email, at === 7 ? 'Dropped' : 'Ada')),
      );
      expect(outcomes).to.deep.equal(outcomes.map((_, at) => (at === 7 ? 'refused' : 'created')));
    }));

  it('do not wait for one that waits for another transaction', async () => {
    const all = emails();
    const [held = ''] = all.splice(7, 1);
    const tx = await db.transaction();
    let waits: Promise<CreateOutcome> | undefined;
    try {
      await createCustomerStore({ db: tx, clock: systemClock, entity, nudge: () => undefined }).create(
        { name: 'Ada', email: held },
        { context: {} },
      );
      const before = all.slice(0, 7).map((email) => create(email));
      waits = create(held);
      const others = [...before, ...all.slice(7).map((email) => create(email))];
      expect(new Set(await outcomesOf(others))).to.deep.equal(new Set(['created']));
    } finally {
      await tx.rollback();
    }
    expect((await waits).outcome).to.equal('created');
  });

  it('do not wait long for those that came first and wait for another transaction', async () => {
    const held = [fresh(), fresh()];
    const tx = await db.transaction();
    let waits: Promise<CreateOutcome>[] = [];
    try {
      const before = createCustomerStore({ db: tx, clock: systemClock, entity, nudge: () => undefined });
      for (const email of held) await before.create({ name: 'Ada', email }, { context: {} });
      // Each by itself: another request comes only once the one before is under way.
      for (const email of held) {
        const underWay = createSignal();
        db.once('query', () => underWay.fire());
        waits = [...waits, create(email)];
        await underWay.promise;
      }
      expect(new Set(await outcomesOf(emails().map((email) => create(email))))).to.deep.equal(
        new Set(['created']),
      );
    } finally {
      await tx.rollback();
    }
    expect(await outcomesOf(waits)).to.deep.equal(['created', 'created']);
  });

  it('are not written a second time where it is not known whether they were written', async () => {
    const all = emails();
    await withTrigger(
      `if new.name = 'Last' then perform pg_terminate_backend(pg_backend_pid()); end if;`,
      async () => {
        const settled = await Promise.allSettled(
          all.map((email) => create(email, email === all[7] ? 'Last' : 'Ada')),
        );
        expect(settled.map(({ status }) => status)).to.deep.equal(all.map(() => 'rejected'));
      },
    );
    expect(await countOf(all)).to.equal(0);
  });

  it('are written each by itself for a while, after rows that failed together', () =>
    withTrigger(`if new.name = 'Refused' then raise exception 'not this one'; end if;`, async () => {
      await outcomesOf(emails().map((email) => create(email, 'Refused')));
      const all = emails();
      expect(await statementsDuring(() => outcomesOf(all.map((email) => create(email))))).to.have.lengthOf(
        MANY,
      );
    }));
});
