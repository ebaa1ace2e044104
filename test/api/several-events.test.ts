import { expect } from 'chai';
import { bindConnection, ensureConnection } from '../../db/connections.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { createWebhookTally } from '../../lib/health/webhook-tally.ts';
import { createTestClock } from '../support/clock.ts';
import { useDatabase } from '../support/database.ts';
import { SECRET, signHeaders } from '../support/toy/double/sender.ts';
import { TOKEN } from '../support/toy/double/server.ts';
import { createToyIntegration } from '../support/toy/system/toy.ts';
import { startApi, type Answer } from './start-api.ts';

const PATH = '/api/v1/webhooks/toy?from=toy';
const NOW = new Date('2026-03-01T12:00:00Z');

describe('webhooks with several events in one body, signed over method, path and time', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;
  let nudges = 0;
  let serial = 0;
  const clock = createTestClock(NOW);

  before('start the API', async () => {
    const integration = createToyIntegration({
      ...{ url: 'http://127.0.0.1:9', token: TOKEN, instanceId: 'abcd1234' },
    });
    const { system, ingress } = integration;
    if (!ingress) throw new Error('the toy sends webhooks');
    const { db } = database;
    const inbox = { db, clock, integration, retentionDays: 35, nudge: () => void (nudges += 1) };
    const tally = createWebhookTally({ db, clock, system, log: { warn: () => undefined } });
    const source = { system, ingress, secrets: [SECRET], inbox, tally };
    api = await startApi({ db, clock, webhooks: [source] });
  });
  after('stop it', () => api.server.close());
  beforeEach('begin anew', () => {
    nudges = 0;
  });

  const bind = (): Promise<unknown> =>
    withTransaction(database.db, async (tx) => {
      await ensureConnection(tx, 'toy');
      await bindConnection(tx, { system: 'toy', account: 'toy_account', livemode: false, now: NOW });
    });
  const event = (changes: Record<string, unknown> = {}) => {
    serial += 1;
    const person = { id: `toy_${serial}`, full_name: 'Ada', mail: 'ada@x.example', tag: null, made: NOW };
    return {
      ...{ id: `ev_several_${serial}`, type: 'person.updated', at: NOW.toISOString(), key: null, person },
      ...{ before: null, ...changes },
    };
  };
  function post(events: unknown, changes: Record<string, unknown> = {}): Promise<Answer> {
    const body = JSON.stringify({ events });
    const signed = { method: 'POST', path: PATH, body, at: clock.now(), ...changes };
    return api.send('POST', PATH, { body, headers: signHeaders(signed) });
  }
  const refused = async (): Promise<{ reason: string; detail: string }[]> => {
    const { rows } = await database.db.raw<{ rows: { reason: string; detail: string }[] }>(
      `select reason, detail from inbound_refusals order by id`,
    );
    return rows;
  };
  const stored = async (): Promise<string[]> => {
    const { rows } = await database.db.raw<{ rows: { event: string }[] }>(
      `select payload -> 'external' ->> 'event' as event from sync_events where source = 'toy' order by id`,
    );
    return rows.map(({ event: id }) => id);
  };

  it('come again as a whole while the account is not known, and nothing of them is kept', async () => {
    const { status, json } = await post([event(), { id: 'ev_bad' }, event()]);
    expect([status, json.code]).to.deep.equal([503, 'account_unbound']);
    expect([await stored(), await refused(), nudges]).to.deep.equal([[], [], 0]);
  });

  it('store each event once, and report the one that cannot be read', async () => {
    await bind();
    const [first, last] = [event(), event()];
    const { status, json } = await post([first, { id: 'ev_bad' }, last]);
    const outcomes = ['stored', 'unreadable', 'stored'];
    expect([status, json]).to.deep.equal([200, { received: true, outcome: 'several', outcomes }]);
    expect(await stored()).to.deep.equal([first.id, last.id]);
    expect(await refused()).to.deep.equal([{ reason: 'unreadable', detail: 'it has no id or no type' }]);
    expect(nudges).to.equal(1);
    const again = await post([last, first, last]);
    expect(again.json['outcomes']).to.deep.equal(['known', 'known', 'known']);
    expect(await stored()).to.deep.equal([first.id, last.id]);
  });

  it('keep the others, if the database refuses one', async () => {
    await bind();
    const before = await stored();
    await database.db.raw(`create function refuse_one() returns trigger language plpgsql as $$
      begin
        if new.payload -> 'external' ->> 'event' = 'ev_refused' then raise exception 'no' using errcode = '23514'; end if;
        return new;
      end $$`);
    await database.db.raw(
      `create trigger refuse_one before insert on sync_events for each row execute function refuse_one()`,
    );
    const [first, last] = [event(), event()];
    const { status, json } = await post([first, event({ id: 'ev_refused' }), last]);
    await database.db.raw(`drop trigger refuse_one on sync_events`);
    expect([status, json['outcomes']]).to.deep.equal([200, ['stored', 'unstorable', 'stored']]);
    expect(await stored()).to.deep.equal([...before, first.id, last.id]);
  });

  it('are refused with another method, path, time or secret, and as a body without any event', async () => {
    await bind();
    for (const changes of [{ method: 'PUT' }, { path: '/api/v1/webhooks/toy' }, { body: '{}' }]) {
      const { status, json } = await post([event()], changes);
      expect([status, json.code, json['reason']]).to.deep.equal([400, 'invalid_signature', 'no_match']);
    }
    const old = await post([event()], { at: new Date(NOW.getTime() - 61_000) });
    expect(old.json['reason']).to.equal('too_old');
    expect((await post([7])).json.code).to.equal('invalid_event');
    expect((await post('no list')).json.code).to.equal('invalid_event');
    expect((await post([])).json).to.deep.equal({ received: true, outcome: 'none' });
  });
});
