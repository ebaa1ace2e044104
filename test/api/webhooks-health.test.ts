import { expect } from 'chai';
import { readWebhookSigns } from '../../db/health/webhook-signs.ts';
import { judgeIntake } from '../../lib/operations/doctor-signs.ts';
import { intakePart } from '../../lib/health/intake.ts';
import { useDatabase } from '../support/database.ts';
import { ACCOUNT, bind, freshEvent, seconds, signed, startIntake, type Intake } from './webhook-source.ts';

const MINUTE = 60_000;

describe('the health of webhooks', () => {
  const database = useDatabase();
  let intake: Intake;
  before(() => bind(database.db));
  beforeEach(async () => {
    await database.db.raw('delete from webhook_signs; delete from sweeps');
    intake = await startIntake(database.db);
  });
  afterEach(() => intake.close());

  const part = () => intakePart(database.db, intake.clock, 'stripe', ['whsec_of_a_test'])();
  const warnings = async (): Promise<string> => ((await part()).warnings ?? []).join('\n');
  const postSigned = () => intake.postSigned(freshEvent());
  /** Signed with another secret, as by an endpoint whose secret is not the one in the settings. */
  async function refuse(count: number, header?: (body: string) => Record<string, string>): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const body = JSON.stringify(freshEvent());
      const headers = header?.(body) ?? { 'Stripe-Signature': signed(body, 'whsec_of_another_endpoint') };
      expect((await intake.post(body, headers)).status).to.equal(400);
    }
  }

  it('shows when the last webhook was accepted, whatever the sweep does', async () => {
    expect((await part()).figures).to.include({ last_webhook_at: null });
    await postSigned();
    await intake.flush();
    const at = intake.clock.now().toISOString();
    expect((await part()).figures).to.include({ last_webhook_at: at, webhooks_refused: 0 });
    expect(await warnings()).to.equal('');
  });

  it('warns of a wrong secret from the third refused delivery on, and names the setting', async () => {
    await refuse(2);
    await intake.flush();
    expect(await warnings()).to.equal('');
    expect(intake.warned).to.deep.equal([]);
    intake.clock.advance(MINUTE);
    await refuse(1);
    await intake.flush();
    expect(await warnings()).to.equal(
      '3 deliveries of stripe refused since 2026-03-01 12:00: the secret in STRIPE_WEBHOOK_SECRET is not the secret of the endpoint, or a proxy changes the body',
    );
    await refuse(1);
    await intake.flush();
    expect((await part()).figures).to.include({ webhooks_refused: 4 });
    // Once in the log, however many follow.
    expect(
      intake.warned.map(({ event, fields }) => [event, fields['refused'], fields['reason']]),
    ).to.deep.equal([['webhooks.refused', 3, 'no_match']]);
  });

  it('is a problem in doctor as well, though the sweep has just received an event', async () => {
    await refuse(5);
    await intake.flush();
    const signs = await readWebhookSigns(database.db, 'stripe');
    const now = intake.clock.now();
    const checks = judgeIntake(
      { system: 'stripe', last: now, signs, sweep: null, loss: null, refusals: [] },
      now,
    );
    expect(checks.filter(({ level }) => level === 'problem').map(({ says }) => says)).to.deep.equal([
      '5 deliveries of stripe refused since 2026-03-01 12:00: the secret in STRIPE_WEBHOOK_SECRET is not the secret of the endpoint, or a proxy changes the body',
    ]);
    expect(checks.find(({ name }) => name === 'heard')?.says).to.equal(
      'the last event of Stripe came a moment ago, no webhook yet',
    );
  });

  const kinds: [string, (body: string) => Record<string, string>, RegExp][] = [
    ['no signature', () => ({}), /the deliveries have no signature/],
    [
      'an old one',
      (body) => ({ 'Stripe-Signature': signed(body, undefined, seconds(-900)) }),
      /clock by NTP/,
    ],
    [
      'one of the future',
      (body) => ({ 'Stripe-Signature': signed(body, undefined, seconds(900)) }),
      /clock by NTP/,
    ],
    ['one that is none', () => ({ 'Stripe-Signature': 'nonsense' }), /cannot be read \(malformed\)/],
  ];
  for (const [what, header, says] of kinds)
    it(`says what a refusal for ${what} means`, async () => {
      await refuse(3, header);
      await intake.flush();
      expect(await warnings()).to.match(says);
    });

  it('is good again once deliveries are accepted, ten minutes after the last refusal', async () => {
    await refuse(3);
    await intake.flush();
    intake.clock.advance(MINUTE);
    await intake.post(...(await goodOf()));
    await intake.flush();
    // One endpoint may have the right secret and another one not.
    expect(await warnings()).to.match(/3 deliveries of stripe refused/);
    intake.clock.advance(10 * MINUTE);
    expect(await warnings()).to.equal('');
  });

  async function goodOf(): Promise<[string, Record<string, string>]> {
    const body = JSON.stringify(freshEvent());
    return [
      body,
      { 'Stripe-Signature': signed(body, undefined, Math.floor(intake.clock.now().getTime() / 1_000)) },
    ];
  }

  it('counts refusals from one again after a day without any', async () => {
    await refuse(3);
    await intake.flush();
    intake.clock.advance(25 * 60 * MINUTE);
    await refuse(1, (body) => ({
      'Stripe-Signature': signed(body, 'whsec_x', Math.floor(intake.clock.now().getTime() / 1_000)),
    }));
    await intake.flush();
    expect((await part()).figures).to.include({ webhooks_refused: 1 });
    expect(await warnings()).not.to.match(/refused since/);
  });

  it('warns of events that only the sweep found, with their number and since when, until a webhook comes', async () => {
    const now = intake.clock.now();
    await database.db('sweeps').insert({
      ...{ system: 'stripe', account: ACCOUNT, swept_to: now, tried_at: now },
      ...{ swept_events: 40, found_events: 7, found_since: now, found_at: now },
    });
    expect(await warnings()).to.match(
      /^7 events of stripe since 2026-03-01 12:00 came by the sweep alone, brought by no webhook \(no webhook has ever come\)/,
    );
    intake.clock.advance(11 * MINUTE);
    await intake.post(...(await goodOf()));
    await intake.flush();
    expect(await warnings()).to.equal('');
  });

  it('loses no count when the database cannot store it', async () => {
    await refuse(1);
    await database.db.raw('alter table webhook_signs rename to webhook_signs_aside');
    const failed = await intake.flush().then(
      () => null,
      (error: unknown) => error,
    );
    await database.db.raw('alter table webhook_signs_aside rename to webhook_signs');
    expect(failed).to.be.instanceOf(Error);
    await refuse(1);
    await postSigned();
    await intake.flush();
    expect(await readWebhookSigns(database.db, 'stripe')).to.deep.include({ refused: 2, taken: 1 });
  });
});
