import { expect } from 'chai';
import { readPatiently } from '../../../lib/limits/patient.ts';
import { createStripeIntegration } from '../../../lib/integrations/stripe/stripe.ts';
import { createSimulator, type Simulator } from '../../../simulator/simulator.ts';

describe('reads that wait for a rate token', () => {
  let simulator: Simulator;
  let now = Date.parse('2026-03-01T12:00:00Z');
  before('start the simulator', async () => {
    simulator = createSimulator({ now: () => now });
    await simulator.listen();
    // Several in one second, so that a page ends within a second.
    for (let at = 0; at < 350; at += 1) {
      if (at % 60 === 0) now += 1_000;
      simulator.dashboard.createCustomer({ email: `c${at}@example.com` });
    }
  });
  after('stop it', () => simulator.close());

  const connect = () =>
    createStripeIntegration({ secretKey: 'sk_test_patient', apiBase: simulator.url, tagKey: 'twinbox_x' });

  it('list every customer once although every other page is refused', async () => {
    simulator.faults.add({ kind: 'rate_limit', method: 'GET', path: '/v1/customers', nth: 2, times: 1 });
    simulator.faults.add({ kind: 'rate_limit', method: 'GET', path: '/v1/customers', nth: 3, times: 2 });
    const ids: string[] = [];
    for await (const page of readPatiently(connect()).list({}))
      ids.push(...page.map(({ externalId }) => externalId));
    expect(ids).to.have.lengthOf(350);
    expect(new Set(ids).size).to.equal(350);
  });

  it('list customers of test clocks once although their pages are refused', async () => {
    const clocked = createSimulator();
    await clocked.listen();
    const made: string[] = [clocked.dashboard.createCustomer({}).id];
    for (let n = 0; n < 3; n += 1) {
      const { id } = clocked.dashboard.createTestClock({ frozen_time: 1_577_836_800 });
      for (let m = 0; m < 2; m += 1) made.push(clocked.dashboard.createCustomer({ test_clock: id }).id);
    }
    clocked.faults.add({ kind: 'rate_limit', method: 'GET', path: '/v1/customers', nth: 3, times: 1 });
    clocked.faults.add({ kind: 'rate_limit', method: 'GET', path: '/v1/test_helpers/test_clocks', times: 1 });
    const integration = createStripeIntegration({
      secretKey: 'sk_test_patient',
      apiBase: clocked.url,
      tagKey: 'twinbox_x',
    });
    const ids: string[] = [];
    for await (const page of readPatiently(integration).list({}))
      ids.push(...page.map(({ externalId }) => externalId));
    expect(ids.sort()).to.deep.equal(made.sort());
    await clocked.close();
  });

  it('fetch one customer after a refusal', async () => {
    simulator.faults.add({ kind: 'rate_limit', times: 1 });
    const id = simulator.customers()[0]?.id ?? '';
    expect(await readPatiently(connect()).fetch(id)).to.include({ state: 'present' });
  });

  it('throw an error that waiting does not help', async () => {
    simulator.keys.revokeKey('sk_test_patient');
    const error = await readPatiently(connect())
      .fetch('cus_1')
      .catch((caught: unknown) => caught);
    expect(connect().classify(error)).to.include({ kind: 'auth' });
  });
});
