import { expect } from 'chai';
import { expectProblem, startApi, type Answer } from '../api/start-api.ts';
import {
  bind,
  countRows,
  freshEvent,
  seconds,
  SECRET,
  signed,
  startIntake,
  type Intake,
} from '../api/webhook-source.ts';
import { useDatabase } from '../support/database.ts';
import { useTwoWay } from '../support/two-way.ts';
import { situation } from './situation.ts';

/** Which webhooks are accepted, and for which installation. */
describe('webhooks', () => {
  const database = useDatabase();
  let intake: Intake;
  before(async () => {
    await bind(database.db);
    intake = await startIntake(database.db);
  });
  after(() => intake.close());

  const forged: [string, string, (body: string) => string][] = [
    ['a second too old', 'too_old', (body) => signed(body, SECRET, seconds(-301))],
    ['a second too far in the future', 'too_new', (body) => signed(body, SECRET, seconds(301))],
    ['of another body', 'no_match', (body) => signed(`${body} `)],
  ];
  for (const [says, reason, header] of forged) {
    situation(26, `a signature ${says}: 400, and no row`, async () => {
      const rows = await countRows(database.db);
      const body = JSON.stringify(freshEvent());
      const answer = await intake.post(body, { 'Stripe-Signature': header(body) });
      expectProblem(answer, 400, 'invalid_signature');
      expect(answer.json['reason']).to.equal(reason);
      expect(await countRows(database.db)).to.equal(rows);
    });
  }

  situation(
    26,
    'a secret is rolled: both are accepted while both are set, and afterwards only the new one',
    async () => {
      const [old, fresh] = ['whsec_old', 'whsec_new'];
      for (const [secrets, good, bad] of [
        [[old, fresh], [old, fresh], []],
        [[fresh], [fresh], [old]],
      ] as const) {
        const rotating = await startIntake(database.db, { secrets: [...secrets] });
        try {
          const send = (secret: string): Promise<Answer> => {
            const body = JSON.stringify(freshEvent());
            return rotating.post(body, { 'Stripe-Signature': signed(body, secret) });
          };
          for (const secret of good) expect((await send(secret)).json).to.include({ outcome: 'stored' });
          for (const secret of bad) expectProblem(await send(secret), 400, 'invalid_signature');
        } finally {
          await rotating.close();
        }
      }
    },
  );

  const foreign: [string, string, Record<string, unknown>][] = [
    ['of live mode', 'other_livemode', { livemode: true }],
    ['of another account', 'other_account', { account: 'acct_theirs' }],
  ];
  for (const [says, reason, changes] of foreign) {
    situation(
      27,
      `an event ${says}: 2xx, and a refusal that keeps an id and a reason, and no body`,
      async () => {
        const event = freshEvent(changes);
        const rows = await countRows(database.db);
        const answer = await intake.postSigned(event);
        expect(answer.status, answer.text).to.equal(200);
        expect(answer.json).to.deep.equal({ received: true, outcome: reason });
        const { rows: refusals } = await database.db.raw<{ rows: { reason: string }[] }>(
          `select * from inbound_refusals where external_event_id = :id`,
          { id: event.id },
        );
        expect(refusals.map((refusal) => refusal.reason)).to.deep.equal([reason]);
        expect(JSON.stringify(refusals)).not.to.match(/Ada|example\.com/);
        expect(await countRows(database.db)).to.equal(rows + 1);
      },
    );
  }
});

describe('two endpoints of one account', () => {
  const world = useTwoWay();

  situation(26, 'two endpoints, each with its secret, send every event: each is stored once', async () => {
    const { db, clock, integration, simulator } = world;
    const secrets = ['whsec_of_the_first', 'whsec_of_the_second'];
    const inbox = { db, clock, integration, retentionDays: 35, nudge: () => undefined };
    const { system, ingress } = integration;
    const api = await startApi({ db, clock, webhooks: [{ system, ingress: ingress!, secrets, inbox }] });
    try {
      for (const [index, secret] of secrets.entries())
        simulator.webhooks.ensure({
          url: `${api.server.url}/api/v1/webhooks/stripe?endpoint=${index}`,
          secret,
        });
      const { id } = simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@example.com' });
      simulator.dashboard.updateCustomer(id, { name: 'Ada L' });
      await simulator.webhooks.idle();
      expect(simulator.webhooks.attempts().map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
      expect(await world.receiveInbound()).to.equal(2);
    } finally {
      await api.server.close();
    }
  });
});
