import { expect } from 'chai';
import fc from 'fast-check';
import type Stripe from 'stripe';
import { refusalOf, startSimulator, type Bench } from './start-simulator.ts';

describe('the simulator’s lists', () => {
  let bench: Bench;
  /** Ids, newest first. */
  let ids: string[];
  const NOW = 1_800_000_000_000;

  before(async () => {
    bench = await startSimulator({ now: () => NOW });
    for (let at = 0; at < 23; at += 1) {
      // Several in one second, and gaps between seconds.
      if (at % 3 === 0) bench.simulator.clock.advance(1000 * (1 + (at % 2)));
      bench.simulator.dashboard.createCustomer({
        name: `N${at}`,
        email: at % 5 === 0 ? 'same@example.com' : `n${at}@example.com`,
      });
    }
    ids = bench.simulator
      .customers()
      .map(({ id }) => id)
      .reverse();
  });
  after(() => bench.simulator.close());

  const idsOf = (list: Stripe.ApiList<Stripe.Customer>) => list.data.map(({ id }) => id);

  it('are newest first, ten at a time', async () => {
    const page = await bench.stripe.customers.list();
    expect(idsOf(page)).to.deep.equal(ids.slice(0, 10));
    expect(page).to.include({ object: 'list', has_more: true, url: '/v1/customers' });
  });

  it('give every customer once, in order, whatever the page size and the direction', async () => {
    const walk = async (limit: number, forwards: boolean) => {
      const seen: string[] = [];
      for (;;) {
        const edge = forwards ? seen.at(-1) : seen[0];
        const cursor =
          edge === undefined ? {} : forwards ? { starting_after: edge } : { ending_before: edge };
        // Backwards begins at the last customer, which a cursor cannot point past.
        const start = !forwards && edge === undefined ? { ending_before: ids.at(-1) as string } : cursor;
        const page = await bench.plain.customers.list({ limit, ...start });
        if (forwards) seen.push(...idsOf(page));
        else seen.unshift(...idsOf(page));
        if (!page.has_more) return seen;
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.boolean(), async (limit, forwards) => {
        expect(await walk(limit, forwards)).to.deep.equal(forwards ? ids : ids.slice(0, -1));
      }),
      { numRuns: 20 },
    );
  });

  it('are cut by seconds as gt, gte, lt and lte say', async () => {
    const customers = bench.simulator.customers().reverse();
    const edge = customers[10]?.created ?? 0;
    const expected = {
      gt: customers.filter(({ created }) => created > edge),
      gte: customers.filter(({ created }) => created >= edge),
      lt: customers.filter(({ created }) => created < edge),
      lte: customers.filter(({ created }) => created <= edge),
    };
    for (const [name, wanted] of Object.entries(expected)) {
      const page = await bench.stripe.customers.list({ limit: 100, created: { [name]: edge } });
      expect(idsOf(page), name).to.deep.equal(wanted.map(({ id }) => id));
    }
    const second = await bench.stripe.customers.list({ limit: 100, created: edge });
    expect(idsOf(second)).to.deep.equal(
      customers.filter(({ created }) => created === edge).map(({ id }) => id),
    );
  });

  it('find an email with regard to case', async () => {
    const page = await bench.stripe.customers.list({ email: 'same@example.com', limit: 2 });
    expect(page.data).to.have.length(2);
    expect(page.has_more).to.be.true;
    expect((await bench.stripe.customers.list({ email: 'SAME@example.com' })).data).to.deep.equal([]);
  });

  it('correct a limit that is out of range, and refuse one that is not a number', async () => {
    expect((await bench.stripe.customers.list({ limit: 0 })).data).to.have.length(1);
    expect((await bench.stripe.customers.list({ limit: -1 })).data).to.have.length(1);
    expect((await bench.stripe.customers.list({ limit: 101 })).data).to.have.length(ids.length);
    const answer = await bench.call('GET', '/v1/customers', { form: { limit: 'abc' } });
    expect(bench.errorOf(answer)).to.include({
      code: 'parameter_invalid_integer',
      message: 'Invalid integer: abc',
      param: 'limit',
    });
  });

  it('refuse an unknown cursor, and two cursors at once', async () => {
    const unknown = await refusalOf(bench.stripe.customers.list({ starting_after: 'cus_never' }));
    expect(unknown).to.include({ statusCode: 400, code: 'resource_missing', param: 'starting_after' });
    const [first = ''] = ids;
    const both = await refusalOf(
      bench.stripe.customers.list({ starting_after: first, ending_before: first }),
    );
    expect(both.statusCode).to.equal(400);
  });

  it('accept a customer deleted meanwhile as a cursor, or refuse it, as the rules say', async () => {
    const { id } = bench.simulator.dashboard.createCustomer({ name: 'Cursor' });
    bench.simulator.dashboard.deleteCustomer(id);
    const page = await bench.stripe.customers.list({ starting_after: id, limit: 3 });
    expect(idsOf(page)).to.deep.equal(ids.slice(0, 3));
    bench.simulator.rules.set({ deletedCursors: false });
    const refused = await refusalOf(bench.stripe.customers.list({ starting_after: id }));
    bench.simulator.rules.set({ deletedCursors: true });
    expect(refused).to.include({ statusCode: 400, param: 'starting_after' });
  });

  it('stay in the order of `created` when the clock is set back', async () => {
    bench.simulator.clock.advance(-3_600_000);
    const { id } = bench.simulator.dashboard.createCustomer({ name: 'From the past' });
    bench.simulator.clock.advance(3_600_000);
    const page = await bench.stripe.customers.list({ limit: 100 });
    expect(idsOf(page).at(-1)).to.equal(id);
    bench.simulator.dashboard.deleteCustomer(id);
  });
});

describe('the simulator’s search', () => {
  let bench: Bench;
  before(async () => {
    bench = await startSimulator({ rules: { searchDelayMs: 60_000 } });
    const { dashboard, clock } = bench.simulator;
    dashboard.createCustomer({
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      metadata: { internal: '42', env: 'test' },
    });
    dashboard.createCustomer({
      name: 'Alan Turing',
      email: 'alan@example.com',
      metadata: { internal: '43' },
    });
    clock.advance(60_000);
  });
  after(() => bench.simulator.close());

  const namesFor = async (query: string) =>
    (await bench.stripe.customers.search({ query })).data.map(({ name }) => name).sort();

  it('finds by metadata, email and name, with and, or and not', async () => {
    expect(await namesFor('metadata["internal"]:"42"')).to.deep.equal(['Ada Lovelace']);
    expect(await namesFor("metadata['internal']:'43'")).to.deep.equal(['Alan Turing']);
    expect(await namesFor('email:"ADA@example.com"')).to.deep.equal(['Ada Lovelace']);
    expect(await namesFor('name~"turi"')).to.deep.equal(['Alan Turing']);
    expect(await namesFor('metadata["internal"]:"42" AND metadata["env"]:"test"')).to.deep.equal([
      'Ada Lovelace',
    ]);
    expect(await namesFor('metadata["internal"]:"42" OR email:"alan@example.com"')).to.have.length(2);
    expect(await namesFor('-metadata["env"]:"test"')).to.deep.equal(['Alan Turing']);
    expect(await namesFor('created>0')).to.have.length(2);
  });

  it('pages with next_page', async () => {
    const first = await bench.stripe.customers.search({ query: 'created>0', limit: 1 });
    const second = await bench.stripe.customers.search({
      query: 'created>0',
      limit: 1,
      page: first.next_page ?? '',
    });
    expect(new Set([first.data[0]?.id, second.data[0]?.id]).size).to.equal(2);
    expect(second).to.include({ has_more: false, next_page: null });
  });

  it('refuses a query that it cannot parse, a mixture of and and or, and a term that is too short', async () => {
    const mixed = 'name:"a" AND name:"b" OR name:"c"';
    for (const query of ['nonsense', 'name~"ab"', mixed, 'shoe:"42"']) {
      expect((await refusalOf(bench.stripe.customers.search({ query }))).statusCode, query).to.equal(400);
    }
  });

  it('sees creates, updates and deletes only after its delay', async () => {
    const { dashboard, clock } = bench.simulator;
    const { id } = dashboard.createCustomer({ name: 'Grace Hopper' });
    expect(await namesFor('name~"hopper"')).to.deep.equal([]);
    clock.advance(60_000);
    dashboard.updateCustomer(id, { name: 'Grace Murray' });
    expect(await namesFor('name~"grace"')).to.deep.equal(['Grace Hopper']);
    clock.advance(60_000);
    dashboard.deleteCustomer(id);
    expect(await namesFor('name~"grace"')).to.deep.equal(['Grace Murray']);
    clock.advance(60_000);
    expect(await namesFor('name~"grace"')).to.deep.equal([]);
  });
});
