import { expect } from 'chai';
import { Stripe } from 'stripe';
import type { ExternalRecord, Integration, ListWindow } from '../../../../lib/integrations/integration.ts';
import { listCustomers } from '../../../../lib/integrations/stripe/list.ts';
import { failureOf, openAnsweringServer } from './answering.ts';
import { openSimulator, SECRET_KEY, type StripeHarness } from './harness.ts';

describe('listing customers of test clocks', () => {
  let harness: StripeHarness;
  beforeEach(async () => void (harness = await openSimulator()));
  afterEach(() => harness.close());

  it('gives them after the others, once each, with their clock', async () => {
    const { simulator, connect } = harness;
    const expected: [string, string | null][] = [[simulator.dashboard.createCustomer({}).id, null]];
    for (let n = 0; n < 12; n += 1) {
      const clock = newClock();
      expected.push([simulator.dashboard.createCustomer({ test_clock: clock }).id, clock]);
    }
    const listed = await all(connect());
    expect(listed.map(({ externalId, testClock }) => [externalId, testClock])).to.have.deep.members(expected);
    expect(listed[0]).to.include({ testClock: null });
  });

  it('makes one call for each page, also for an empty one', async () => {
    const { simulator, connect } = harness;
    const clock = newClock();
    simulator.dashboard.createCustomer({ test_clock: clock });
    newClock();
    const calls = () => simulator.ledger.entries({ source: 'api' }).length;
    const sizes: number[] = [];
    for await (const page of connect().list({})) {
      sizes.push(page.length);
      expect(calls()).to.equal(sizes.length);
    }
    expect(sizes).to.deep.equal([0, 0, 0, 1]);
  });

  it('gives them whatever the end of the window is, so that a list that continues later has them too', async () => {
    const { id } = harness.simulator.dashboard.createCustomer({ test_clock: newClock() });
    const createdTo = new Date('2010-01-01T00:00:00Z');
    const listed = await all(harness.connect(), { createdTo });
    expect(listed.map(({ externalId }) => externalId)).to.deep.equal([id]);
  });

  it('asks for no clock where the window has a beginning, or in live mode', async () => {
    const { simulator, connect } = harness;
    simulator.dashboard.createCustomer({ test_clock: newClock() });
    expect(await all(connect(), { createdFrom: new Date(0) })).to.deep.equal([]);
    const { port } = simulator;
    const stripe = new Stripe(SECRET_KEY, { host: '127.0.0.1', port, protocol: 'http', telemetry: false });
    const record = (): never => expect.fail('a record was listed');
    await all({ list: (window) => listCustomers({ stripe, record, livemode: true }, window) });
    const asked = simulator.ledger.entries({ source: 'api' }).map(({ path }) => path);
    expect(asked).to.deep.equal(['/v1/customers', '/v1/customers']);
  });

  it('gives the others where a restricted key may not read clocks, and throws on any other failure', async () => {
    const server = await openAnsweringServer();
    const message = 'The provided key does not have the required permissions for this endpoint.';
    const error = { type: 'invalid_request_error', message };
    const answers = [
      { status: 200, body: { object: 'list', data: [], has_more: false } },
      { status: 403, body: { error } },
    ];
    server.answer({
      act: (response) => {
        const next = answers.shift() ?? { status: 500, body: {} };
        response.writeHead(next.status, { 'request-id': 'req_1' }).end(JSON.stringify(next.body));
      },
    });
    expect(await all(server.connect())).to.deep.equal([]);
    await server.close();
    const { simulator, connect } = harness;
    simulator.faults.add({ kind: 'rate_limit', method: 'GET', path: '/v1/test_helpers/test_clocks' });
    const integration = connect();
    expect(await failureOf(integration, () => all(integration))).to.include({ kind: 'throttle' });
  });

  function newClock(): string {
    return harness.simulator.dashboard.createTestClock({ frozen_time: 1_577_836_800 }).id;
  }

  async function all(
    integration: Pick<Integration, 'list'>,
    window: ListWindow = {},
  ): Promise<ExternalRecord[]> {
    const records: ExternalRecord[] = [];
    for await (const page of integration.list(window)) records.push(...page);
    return records;
  }
});
