import { expect } from 'chai';
import { systemClock } from '../../lib/clock.ts';
import { createKeyOperations } from '../../lib/operations/keys.ts';
import type { KeyScope } from '../../lib/keys/scopes.ts';
import { newEventId } from '../../lib/uuid.ts';
import { startApi } from '../api/start-api.ts';
import { insertCustomer } from '../support/customers.ts';
import { useDatabase } from '../support/database.ts';
import { inEnvironment } from '../support/environment.ts';
import { runHere } from './in-process.ts';

describe('what an operator does with TWINBOX_API_URL', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;
  let [viewer, operator] = ['', ''];
  const events: string[] = [];

  before('three customers whose creates are parked', async () => {
    const { db } = database;
    api = await startApi({ db });
    const keys = createKeyOperations({ db, clock: systemClock, keySecrets: [] });
    const make = async (scope: KeyScope) =>
      (
        await keys.create(
          { name: scope, scope, system: null, expiresAt: null },
          { actor: 'test', reason: null },
        )
      ).text;
    [viewer, operator] = [await make('viewer'), await make('operator')];
    for (const name of ['ada', 'bea', 'cyd']) {
      const stamp = { eventId: newEventId(new Date()), source: 'internal', context: {}, now: new Date() };
      const { id } = await insertCustomer(db, { name, email: `${name}@example.org` }, stamp);
      events.push(stamp.eventId);
      await db.raw(
        `with pair as (
           insert into external_mappings (internal_id, system, account, state, reason, dirty, clean)
           values (:id, 'stripe', 'acct_1', 'parked', 'email_invalid', 1, 1) returning id)
         insert into sync_deliveries (event_id, target, sync_event_id, mapping_id, event_type, version, status, last_error, created_at)
         select e.event_id, 'stripe', e.id, pair.id, e.event_type, 1, 'parked', '{"code": "email_invalid"}', now()
         from pair, sync_events e where e.event_id = :event`,
        { id, event: stamp.eventId },
      );
    }
  });
  after(() => api.server.close());

  const locally = (...args: string[]) =>
    inEnvironment({ DATABASE_URL: database.url, STRIPE_SECRET_KEY: 'sk_test_twinbox_fake' }, () =>
      runHere(...args),
    );
  const remotely = (...args: string[]) =>
    inEnvironment({ TWINBOX_API_URL: api.server.url, TWINBOX_API_KEY: operator }, () => runHere(...args));

  async function expectAlike(...args: string[]): Promise<string> {
    const [here, there] = [await locally(...args), await remotely(...args)];
    expect(there, args.join(' ')).to.deep.equal(here);
    expect(there.code, there.stderr).to.equal(0);
    return there.stdout;
  }

  it('pauses and resumes, and shows the lanes and the traffic as on the database', async () => {
    const paused = await remotely('pause', 'stripe', '--direction', 'outbound', '--why', 'a check');
    expect(paused.stderr).to.equal(
      'outbound to stripe is paused. Changes are kept, and are sent after: npx twinbox resume stripe --direction outbound\n',
    );
    expect(await remotely('pause', '--customer', '1')).to.include({ code: 0 });
    expect(await expectAlike('lanes')).to.match(
      /^stripe +outbound +paused +20.* by key:operator\/\S+: a check$/m,
    );
    await expectAlike('lanes', 'stripe', '--json');
    const picture = (text: string) => ({ ...(JSON.parse(text) as object), at: '', relay_seconds_behind: 0 });
    const asked = ['top', '--once', '--json'];
    expect(picture((await remotely(...asked)).stdout)).to.deep.equal(
      picture((await locally(...asked)).stdout),
    );
    expect((await remotely('top', '--once')).stdout).to.match(/^stripe +/m);
    const again = await remotely('resume', 'stripe', '--direction', 'outbound', '--json');
    expect(JSON.parse(again.stdout)).to.include({ paused: false, was_paused: true, released_writes: 0 });
    expect(await remotely('resume', '--customer', '1')).to.include({ code: 0 });
    expect(await remotely('pause', '--customer', '999')).to.include({
      ...{ code: 3, stderr: 'There is no customer 999.\n' },
    });
  });

  it('shows the plan of a replay, needs a reason, begins it, and steers it', async () => {
    const planned = await remotely('replay');
    expect(planned.stdout.split('\n')).to.have.length(5);
    expect(planned.stderr).to.include('The records were not read: what only the system knows is not shown.');
    expect(planned.stderr).to.include('Nothing was changed. Add --yes');
    const refused = await remotely('replay', '--yes');
    expect(refused).to.include({ code: 2 });
    expect(refused.stderr).to.include('these are 3 pairs. Say why with --reason.');
    const begun = await remotely('replay', '--yes', '--reason', 'cured', '--wait', '0', '--json');
    expect(begun.code, begun.stderr).to.equal(0);
    const { job, ...rest } = JSON.parse(begun.stdout) as { job: number; items: object[] };
    expect(rest).to.deep.include({ matched: 3, replayed: 3 });
    expect(rest.items[0]).to.include({ event_id: events[0], status: 'parked' });
    const second = await remotely('replay', '--yes', '--reason', 'again');
    expect(second).to.include({ code: 69 });
    expect(second.stderr).to.include(`3 pairs in replay ${job}`);
    const id = String(job);
    expect((await remotely('replays', 'pause', id)).stderr).to.equal(
      `Replay ${id} is paused. 3 pairs wait for: npx twinbox replays resume ${id}\n`,
    );
    expect((await remotely('replays', 'pause', id)).stderr).to.equal(`Replay ${id} is paused already.\n`);
    await expectAlike('replays');
    await expectAlike('replays', 'show', id);
    await expectAlike('replays', 'show', id, '--json');
    expect((await remotely('replays', 'cancel', id)).stderr).to.equal(
      `Replay ${id} is cancelled. 3 pairs without a result stay as before.\n`,
    );
    expect(await remotely('replays', 'resume', id)).to.include({ code: 1 });
    expect(await remotely('replays', 'show', '999')).to.include({ code: 3 });
  });

  it('closes an event and a group, which status no more counts as parked', async () => {
    const one = await remotely('events', 'close', events[0] ?? '', '--reason', 'test data', '--yes');
    expect(one).to.include({
      code: 0,
      stderr: '1 pair closed. A new event or a replay opens a pair again.\n',
    });
    const { groups } = JSON.parse((await remotely('groups', '--json')).stdout) as {
      groups: { fingerprint: string }[];
    };
    const fingerprint = groups[0]?.fingerprint ?? '';
    const rest = await remotely('groups', 'close', fingerprint, '--reason', 'test data', '--yes', '--json');
    expect(JSON.parse(rest.stdout)).to.deep.equal({ selected: 2, closed: 2, left: 0 });
    const gone = await remotely('groups', 'close', fingerprint, '--reason', 'test data', '--yes');
    expect(gone).to.include({ code: 3, stderr: `No open pair is in a group ${fingerprint} now.\n` });
    const status = await locally('status');
    expect(status.stdout).to.match(/^closed +3 pairs by a person: npx twinbox groups list --closed$/m);
    expect(status.stdout).not.to.match(/^parked/m);
    expect(JSON.parse((await locally('status', '--json')).stdout)).to.include({
      parked: 0,
      waiting: 0,
      closed: 3,
    });
  });

  it('reads the record of operations, with the key as who acted', async () => {
    expect(await expectAlike('audit')).to.match(
      /pause_outbound +stripe +lane stripe outbound +key:operator\/\S+ +0 +a check$/m,
    );
    await expectAlike('audit', '--json');
    await expectAlike('audit', 'head');
    const page = await remotely('audit', '--limit', '2');
    const cursor = /--after (\S+)/.exec(page.stderr)?.[1] ?? '';
    await expectAlike('audit', '--limit', '2', '--after', cursor);
    const wrong = await remotely(
      'audit',
      '--since',
      '2026-02-01T00:00:00Z',
      '--until',
      '2026-01-01T00:00:00Z',
    );
    expect(wrong).to.include({ code: 2 });
    expect(wrong.stderr).to.include('until must be later than since');
    const text = await remotely('audit', 'text', '1');
    expect(text).to.include({ code: 2 });
    expect(text.stderr).to.include('twinbox audit text works on the database itself');
  });

  it('says which scope an act needs, and does nothing', async () => {
    const before = await database.db('operator_actions').count();
    for (const args of [
      ['pause', 'stripe'],
      ['replay', '--yes'],
      ['events', 'close', events[0] ?? '', '--reason', 'test data', '--yes'],
      ['audit'],
    ]) {
      const { code, stderr } = await inEnvironment(
        { TWINBOX_API_URL: api.server.url, TWINBOX_API_KEY: viewer },
        () => runHere(...args),
      );
      expect({ code, stderr }).to.include({ code: 78 });
      expect(stderr).to.match(
        /needs a key with the scope operator; the key of this request has the scope viewer/,
      );
    }
    expect(await database.db('operator_actions').count()).to.deep.equal(before);
  });
});
