import { expect } from 'chai';
import { createDb, type Db } from '../../db/server/connection.ts';
import { useDatabase } from '../support/database.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, type Answer } from './start-api.ts';
import {
  ACCOUNT,
  bind,
  countRows,
  freshEvent,
  TAG_KEY,
  seconds,
  startIntake,
  type Intake,
  useIntake,
} from './webhook-source.ts';

type Stored = {
  event_type: string;
  entity_key: string;
  source: string;
  version: number | null;
  payload: Payload;
};
type Payload = { external: Record<string, unknown> };
type Refused = { external_event_id: string; reason: string; detail: string | null };

async function eventsOf(db: Db, id: string): Promise<Stored[]> {
  const { rows } = await db.raw<{ rows: Stored[] }>(
    `select event_type, entity_key, source, version, payload from sync_events where payload -> 'external' ->> 'event' = :id`,
    { id },
  );
  return rows;
}

async function refusalsOf(db: Db, id: string): Promise<Refused[]> {
  const { rows } = await db.raw<{ rows: Refused[] }>(
    `select external_event_id, reason, detail from inbound_refusals where external_event_id = :id`,
    { id },
  );
  return rows;
}

describe('a signed webhook', () => {
  const database = useDatabase();
  const intake = useIntake(database);

  async function expectOutcome(event: { id: string }, outcome: string): Promise<void> {
    const answer = await intake.postSigned(event);
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.json).to.deep.equal({ received: true, outcome });
    expectDescribed('post', intake.path, answer);
  }

  it('is stored before it is answered, and notifies the relay', async () => {
    const event = freshEvent();
    const nudges = intake.nudges();
    await expectOutcome(event, 'stored');
    const [row] = await eventsOf(database.db, event.id);
    expect(row).to.deep.include({
      ...{ event_type: 'stripe.customer.updated', source: 'stripe', version: null },
      entity_key: `stripe:${ACCOUNT}:${event.data.object.id}`,
    });
    expect(row?.payload.external).to.deep.include({
      ...{ account: ACCOUNT, id: event.data.object.id, kind: 'updated', livemode: false },
      ...{ request_id: 'req_1', previous: { name: 'Adele' } },
    });
    expect(intake.nudges()).to.equal(nudges + 1);
  });

  it('that is sent five times at once makes one row, and notifies the relay once', async () => {
    const event = freshEvent();
    const nudges = intake.nudges();
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => intake.postSigned(event)));
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200, 200]);
    expect(answers.map(({ json }) => json['outcome']).sort()).to.deep.equal([
      ...Array<string>(4).fill('known'),
      'stored',
    ]);
    await expectOutcome(event, 'known');
    expect(await eventsOf(database.db, event.id)).to.have.length(1);
    expect(intake.nudges()).to.equal(nudges + 1);
  });

  it('may have fields that are unknown today', () =>
    expectOutcome(
      freshEvent({ tomorrow: { deep: [1, { er: null }] } }, { balance: 3, new_field: [] }),
      'stored',
    ));

  const foreign: [string, string, Record<string, unknown>, Record<string, unknown>][] = [
    ['of a mode that cannot be read', 'other_livemode', { livemode: 'no' }, {}],
    [
      'of another installation',
      'other_environment',
      {},
      { metadata: { twinbox_other000: '01990000-0000-7000-8000-000000000001' } },
    ],
  ];
  for (const [name, reason, changes, customer] of foreign) {
    it(`${name} is answered 2xx and refused: the refusal keeps an id and a reason, and no body`, async () => {
      const event = freshEvent(changes, customer);
      await expectOutcome(event, reason);
      expect(await eventsOf(database.db, event.id)).to.deep.equal([]);
      const [refusal, ...more] = await refusalsOf(database.db, event.id);
      expect(more).to.deep.equal([]);
      expect(refusal).to.include({ external_event_id: event.id, reason });
      expect(JSON.stringify(refusal)).not.to.match(/Ada|example\.com/);
    });
  }

  it('that names another installation is stored where the record belongs to us', async () => {
    const event = freshEvent({}, { metadata: { twinbox_other000: 'x', [TAG_KEY]: 'y' } });
    await expectOutcome(event, 'stored');
    const copied = freshEvent({}, { metadata: { twinbox_other000: 'x' } });
    await database.db.raw(
      `insert into external_mappings (system, account, external_type, external_id) values ('stripe', :account, 'customer', :id)`,
      { account: ACCOUNT, id: copied.data.object.id },
    );
    await expectOutcome(copied, 'stored');
  });

  it('of a type that Twinbox does not use is kept and counted, without its contents', async () => {
    const event = {
      ...freshEvent(),
      type: 'invoice.paid',
      data: { object: { id: 'in_1', secret: 'of theirs' } },
    };
    await expectOutcome(event, 'stored');
    await expectOutcome(event, 'known');
    const rows = await eventsOf(database.db, event.id);
    expect(rows.map(({ event_type: type }) => type)).to.deep.equal(['unknown.stripe.invoice.paid']);
    expect(JSON.stringify(rows)).not.to.include('of theirs');
  });

  it('older than the retention leaves no event, but a refusal and a pair that has to read', async () => {
    const event = freshEvent({ created: seconds(-36 * 86_400) });
    await expectOutcome(event, 'too_old');
    expect(await eventsOf(database.db, event.id)).to.deep.equal([]);
    expect(await refusalsOf(database.db, event.id)).to.have.length(1);
    const { rows } = await database.db.raw<{ rows: object[] }>(
      `select must_read, dirty <> clean as dirty from external_mappings where external_id = :id`,
      { id: event.data.object.id },
    );
    expect(rows).to.deep.equal([{ must_read: true, dirty: true }]);
    await expectOutcome(freshEvent({ created: seconds(-34 * 86_400) }), 'stored');
  });

  it('whose time cannot be read counts as older than the retention', async () => {
    for (const created of ['yesterday', null, -1, 1e300, {}, undefined])
      await expectOutcome(freshEvent({ created }), 'too_old');
  });

  it('whose record id cannot be read is refused as unreadable', async () => {
    for (const id of [7, null, '', 'c'.repeat(300), { a: 1 }, 'cus\0']) {
      const event = freshEvent({}, { id });
      await expectOutcome(event, 'unreadable');
      expect((await refusalsOf(database.db, event.id)).map(({ reason }) => reason)).to.deep.equal([
        'unreadable',
      ]);
    }
    for (const data of [null, 7, [], {}, { object: null }, { object: [] }])
      await expectOutcome(freshEvent({ data }), 'unreadable');
  });

  const odd: [string, Record<string, unknown>][] = [
    ['a number for a name', { name: 7 }],
    ['an object for an email', { email: { at: 'home' } }],
    ['no email', { email: null }],
    ['no name', { name: undefined }],
    ['neither', { name: null, email: null }],
    ['100 kB of name', { name: 'n'.repeat(100_000) }],
    ['100 kB of email', { email: `${'e'.repeat(100_000)}@example.com` }],
    ['metadata of another kind', { metadata: 'none' }],
    ['100 kB of metadata', { metadata: { [TAG_KEY]: 'm'.repeat(100_000) } }],
    [
      'metadata that no database can hold',
      { metadata: { [TAG_KEY]: 'm\0', twinbox_other000: 'half \ud800' } },
    ],
    ['a name that no database can hold', { name: 'nul\0' }],
    ['half a character', { name: 'half \ud800' }],
  ];
  for (const [name, customer] of odd) {
    it(`with ${name} is stored in less than 10 kB`, async () => {
      const event = freshEvent({}, customer);
      await expectOutcome(event, 'stored');
      const [row] = await eventsOf(database.db, event.id);
      expect(JSON.stringify(row).length).to.be.lessThan(10_000);
    });
  }

  it('with odd previous values is stored', async () => {
    for (const previous of [null, 7, [], { name: 7 }, { email: 'x\0' }, { name: 'p'.repeat(100_000) }])
      await expectOutcome(
        freshEvent({ data: { object: freshEvent().data.object, previous_attributes: previous } }),
        'stored',
      );
  });

  it('of a request with odd members is stored', async () => {
    for (const request of [
      null,
      'req_old',
      7,
      { id: 7, idempotency_key: [] },
      { id: 'r'.repeat(300) },
      'r\0',
    ])
      await expectOutcome(freshEvent({ request }), 'stored');
  });
});

describe('a webhook that cannot be stored at the moment', () => {
  const database = useDatabase();

  async function expectPutOff(intake: Intake, code: string): Promise<Answer> {
    try {
      const answers = [
        await intake.postSigned(freshEvent()),
        await intake.postSigned(freshEvent({ created: 1 })),
      ];
      for (const answer of answers) {
        expectProblem(answer, 503, code);
        expectDescribed('post', intake.path, answer);
      }
      // Expected: logged once, without a stack, and not as a fault.
      const logged = intake.api.lines.filter(({ level }) => level !== 'debug');
      expect(logged.map(({ level, fields }) => [level, fields['code']])).to.deep.equal([['warn', code]]);
      expect(JSON.stringify(intake.api.lines)).not.to.include('.ts:');
      return answers[0] as Answer;
    } finally {
      await intake.close();
    }
  }

  it('because no account is bound is answered 503 and leaves no row', async () => {
    const rows = await countRows(database.db);
    const answer = await expectPutOff(await startIntake(database.db), 'account_unbound');
    expect(Number(answer.headers.get('Retry-After'))).to.be.greaterThan(0);
    expect(await countRows(database.db)).to.equal(rows);
  });

  it('because no secret is set is answered 503, and says which setting', async () => {
    await bind(database.db);
    const rows = await countRows(database.db);
    const answer = await expectPutOff(
      await startIntake(database.db, { secrets: [] }),
      'webhooks_not_configured',
    );
    expect(answer.json.detail).to.include('STRIPE_WEBHOOK_SECRET');
    expect(await countRows(database.db)).to.equal(rows);
  });

  it('because the database is away is answered 503, and is stored when it is back', async () => {
    const away = new URL(database.url);
    away.port = '1';
    const db = createDb({ url: away.href, poolSize: 2, applicationName: 'away' });
    const answer = await expectPutOff(await startIntake(db), 'database_unavailable');
    expect(Number(answer.headers.get('Retry-After'))).to.be.greaterThan(0);
    await db.destroy();
    const intake = await startIntake(database.db);
    expect((await intake.postSigned(freshEvent())).json).to.include({ outcome: 'stored' });
    await intake.close();
  });
});
