import { expect } from 'chai';
import { createDb, type Db } from '../../db/server/connection.ts';
import { createInbox } from '../../lib/intake/inbox.ts';
import { createSignal, waitUntil } from '../support/signal.ts';
import { useDatabase } from '../support/database.ts';
import { bind, freshEvent, startIntake, useIntake } from './webhook-source.ts';

type Fresh = ReturnType<typeof freshEvent>;

describe('webhooks that arrive at the same time', () => {
  const database = useDatabase();
  const intake = useIntake(database);

  /** The statements that store events, while the work is done. */
  async function countStores(work: () => Promise<unknown>): Promise<number> {
    let count = 0;
    const hear = ({ sql }: { sql: string }): void =>
      void (count += sql.includes('into inbound_event_ids') ? 1 : 0);
    database.db.on('query', hear);
    await work();
    database.db.removeListener('query', hear);
    return count;
  }

  async function isStored({ id }: { id: string }): Promise<boolean> {
    const { rows } = await database.db.raw<{ rows: unknown[] }>(
      `select from sync_events where payload -> 'external' ->> 'event' = :id`,
      { id },
    );
    return rows.length === 1;
  }

  const outcomes = async (events: Fresh[]): Promise<unknown[]> =>
    (await Promise.all(events.map((event) => intake.postSigned(event)))).map(({ status, json }) =>
      status === 200 ? json['outcome'] : status,
    );

  it('are stored by one statement, and each is answered once it is stored', async () => {
    const { ingress, inbox } = intake.source;
    const store = createInbox(inbox);
    const events = Array.from({ length: 40 }, () => freshEvent());
    const stored = async (event: Fresh): Promise<boolean> => {
      expect(await store(ingress.events(event))).to.deep.equal(['stored']);
      return await isStored(event);
    };
    const statements = await countStores(async () =>
      expect(await Promise.all(events.map(stored))).to.deep.equal(events.map(() => true)),
    );
    // They came in one round of the event loop.
    expect(statements).to.equal(1);
  });

  it('get each its own outcome', async () => {
    const known = freshEvent();
    await intake.postSigned(known);
    const foreign = freshEvent({ livemode: true });
    const unreadable = freshEvent({}, { id: 7 });
    const old = freshEvent({ created: 1 });
    const twice = freshEvent();
    const all = [freshEvent(), known, foreign, unreadable, old, twice, twice, freshEvent()];
    const got = await outcomes(all);
    expect(got.toSpliced(5, 2)).to.deep.equal([
      ...['stored', 'known', 'other_livemode', 'unreadable', 'too_old', 'stored'],
    ]);
    expect(got.slice(5, 7).toSorted()).to.deep.equal(['known', 'stored']);
  });

  it('do not fail because the database refuses one of them', async () => {
    await database.db.raw(`
      create function refuse_poison() returns trigger language plpgsql as $$ begin
        if new.payload::text like '%cus_poison%' then raise exception using errcode = '23514', message = 'refused'; end if;
        return new;
      end $$;
      create trigger a_refusal before insert on sync_events for each row execute function refuse_poison();`);
    try {
      const poison = freshEvent({}, { id: 'cus_poison' });
      const events = [
        ...Array.from({ length: 10 }, () => freshEvent()),
        poison,
        ...Array.from({ length: 10 }, () => freshEvent()),
      ];
      expect(await outcomes(events)).to.deep.equal(
        events.map((event) => (event === poison ? 'unstorable' : 'stored')),
      );
      expect(await Promise.all(events.map(isStored))).to.deep.equal(events.map((event) => event !== poison));
    } finally {
      await database.db.raw('drop trigger a_refusal on sync_events; drop function refuse_poison()');
    }
  });
});

describe('webhooks that arrive while the database goes away', () => {
  const database = useDatabase();

  it('are answered 200 only if they are stored, and are stored when they come again', async () => {
    await bind(database.db);
    const name = 'goes away';
    const db: Db = createDb({ url: database.url, poolSize: 4, applicationName: name });
    const intake = await startIntake(db);
    const sessions = (what: string) =>
      database.db.raw<{ rows: unknown[] }>(
        `select ${what} from pg_stat_activity where application_name = :name and wait_event_type = 'Lock'`,
        { name },
      );
    try {
      const events = Array.from({ length: 10 }, () => freshEvent());
      const locked = createSignal();
      const ended = createSignal();
      // The first statements wait for this lock, and the other webhooks wait for those.
      const holding = database.db.transaction(async (tx) => {
        await tx.raw('lock table inbound_event_ids in access exclusive mode');
        locked.fire();
        await ended.promise;
      });
      await locked.promise;
      const sent = Promise.all(events.map((event) => intake.postSigned(event)));
      await waitUntil(async () => (await sessions('')).rows.length > 0, {
        timeoutMs: 10_000,
        what: 'a statement waits for the lock',
      });
      await sessions('pg_terminate_backend(pid)');
      ended.fire();
      await holding;
      const answers = await sent;
      const { rows } = await database.db.raw<{ rows: { id: string }[] }>(
        `select payload -> 'external' ->> 'event' as id from sync_events`,
      );
      const stored = new Set(rows.map(({ id }) => id));
      expect(answers.map(({ status }) => status)).to.include(503);
      for (const [at, { status }] of answers.entries())
        if (status === 200) expect(stored.has(events[at]?.id ?? '')).to.equal(true);
      const again = await Promise.all(events.map((event) => intake.postSigned(event)));
      expect(again.map(({ status }) => status)).to.deep.equal(events.map(() => 200));
    } finally {
      await intake.close();
      await db.destroy();
    }
  });
});
