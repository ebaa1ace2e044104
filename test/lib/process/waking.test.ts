import { expect } from 'chai';
import { createDb } from '../../../db/server/connection.ts';
import { createAnnouncer, listenForEvents } from '../../../lib/process/waking.ts';
import { useDatabase } from '../../support/database.ts';
import { createSignal } from '../../support/signal.ts';

const quiet = { info: () => undefined, warn: () => undefined };

describe('Waking a relay in another process', () => {
  const database = useDatabase();

  it('reaches a process that listens, once it is there and at each announcement', async () => {
    const { db, url } = database;
    const heard = [createSignal(), createSignal(), createSignal()];
    let count = 0;
    const listening = listenForEvents({ url, log: quiet, onEvents: () => heard[count++]?.fire() });
    let now = 0;
    const { nudge, settle } = createAnnouncer({ db, log: quiet, monotonic: () => now });
    try {
      await heard[0]?.promise;
      expect(listening.isOn()).to.equal(true);
      nudge();
      await heard[1]?.promise;
      await settle();
      now += 60_000;
      nudge();
      await heard[2]?.promise;
      await settle();
    } finally {
      await listening.stop();
    }
    expect(listening.isOn()).to.equal(false);
  });

  it('opens a lost connection again, and meanwhile says that nothing is received', async () => {
    const { db, url, name } = database;
    const heard = [createSignal(), createSignal(), createSignal()];
    const lost = createSignal();
    let count = 0;
    const onEvents = (): void => heard[count++]?.fire();
    const log = { ...quiet, warn: () => lost.fire() };
    const listening = listenForEvents({ url, log, onEvents });
    try {
      await heard[0]?.promise;
      await db.raw(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = :name and application_name = 'twinbox relay listening'`,
        { name },
      );
      await lost.promise;
      expect(listening.isOn()).to.equal(false);
      // Events may have come while no session listened.
      await heard[1]?.promise;
      expect(listening.isOn()).to.equal(true);
      const { nudge, settle } = createAnnouncer({ db, log: quiet });
      nudge();
      await heard[2]?.promise;
      await settle();
    } finally {
      await listening.stop();
    }
  });

  it('announces the first of many events, and again only after a rest or a second', async () => {
    const { db } = database;
    const sent: string[] = [];
    const count = ({ sql }: { sql: string }): void => {
      if (sql.includes('pg_notify')) sent.push(sql);
    };
    db.on('query', count);
    let now = 0;
    const { nudge, settle } = createAnnouncer({ db, log: quiet, monotonic: () => now });
    const nudgeAt = async (time: number) => {
      now = time;
      nudge();
      await settle();
    };
    try {
      for (let time = 0; time < 1_000; time += 9) await nudgeAt(time);
      expect(sent, 'while events come all the time').to.have.length(1);
      await nudgeAt(1_005);
      expect(sent, 'after a second').to.have.length(2);
      await nudgeAt(1_014);
      await nudgeAt(1_024);
      expect(sent, 'after a rest').to.have.length(3);
    } finally {
      db.off('query', count);
    }
  });

  it('goes on after an announcement that failed, and says it once', async () => {
    const says: string[] = [];
    const log = { ...quiet, warn: (event: string) => void says.push(event) };
    const away = createDb({
      url: 'postgresql://twinbox@127.0.0.1:1/away',
      poolSize: 1,
      applicationName: 'away',
    });
    const { nudge, settle } = createAnnouncer({ db: away, log, monotonic: () => 0 });
    for (let n = 0; n < 3; n += 1) {
      nudge();
      await settle();
    }
    await away.destroy();
    expect(says).to.deep.equal(['events.not_announced']);
  });
});
