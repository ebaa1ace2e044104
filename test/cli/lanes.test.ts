import { expect } from 'chai';
import { insertRow } from '../../db/entities/rows.ts';
import { customer } from '../../lib/catalogue/built-in.ts';
import { newEventId } from '../../lib/uuid.ts';
import { useDatabase } from '../support/database.ts';
import { usePlace } from './twinbox.ts';

describe('twinbox lanes, pause and resume', function () {
  this.timeout(120_000);
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url, STRIPE_SECRET_KEY: 'sk_test_twinbox_fake' }));

  before('make a customer', async () => {
    const stamp = { eventId: newEventId(new Date()), source: 'internal', context: {}, now: new Date() };
    await insertRow(database.db, customer, { name: 'Ada', email: 'ada@example.org' }, stamp);
  });

  it('pause one direction and one customer, and say how each is ended', async () => {
    const paused = await place.run(['pause', 'stripe', '--direction', 'outbound', '--reason', 'a check']);
    expect(paused).to.include({ code: 0 });
    expect(paused.stderr).to.equal(
      'outbound to stripe is paused. Changes are kept, and are sent after: npx twinbox resume stripe --direction outbound\n',
    );
    const customer = await place.run(['pause', '--customer', '1', '--json']);
    expect(JSON.parse(customer.stdout)).to.deep.equal({
      ...{ system: 'stripe', customer: 1, paused: true, why: null, was_paused: false },
    });
    const shown = await place.run(['lanes']);
    expect(shown.stdout)
      .to.match(/^stripe +outbound +paused +20.* +by cli:\S+ on \S+: a check$/m)
      .and.match(/^stripe +inbound +no worker/m)
      .and.match(/^1 customer paused at stripe:$/m)
      .and.match(/^ {2}customer 1 since .* by cli:/m);
    const status = await place.run(['status']);
    expect(status.stdout)
      .to.match(/^paused +outbound to stripe since .*: a check$/m)
      .and.match(/^paused +1 customer at stripe: npx twinbox lanes$/m);
  });

  it('resume each by itself, and refuse what is none', async () => {
    const whole = await place.run(['resume', 'stripe']);
    expect(whole.stderr).to.equal(
      'stripe was not paused.\noutbound to stripe is still paused: npx twinbox resume stripe --direction outbound\n',
    );
    const { stderr } = await place.run([
      'resume',
      'stripe',
      '--direction',
      'outbound',
      '--why',
      'it is fine',
    ]);
    expect(stderr).to.equal('outbound to stripe is resumed.\n');
    expect(await place.run(['resume', '--customer', '7'])).to.include({
      ...{ code: 3, stderr: 'There is no customer 7.\n' },
    });
    expect((await place.run(['pause', '--customer', '1', '--direction', 'inbound'])).code).to.equal(2);
    const asked = await database.db('operator_actions').orderBy('id').pluck('action');
    expect(asked).to.deep.equal(['pause_outbound', 'pause_row', 'resume_outbound']);
  });
});
