import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { refusalOf, startSimulator, type Bench } from './start-simulator.ts';

const FROZEN = 1_577_836_800;

describe('the simulator’s test clocks', () => {
  let bench: Bench;
  before(async () => void (bench = await startSimulator()));
  after(() => bench.simulator.close());

  const newClock = () => bench.stripe.testHelpers.testClocks.create({ frozen_time: FROZEN, name: 'Trial' });

  it('are made, read, listed newest first and deleted', async () => {
    const { testClocks } = bench.stripe.testHelpers;
    const [first, second] = [await newClock(), await newClock()];
    expect(first).to.include({
      object: 'test_helpers.test_clock',
      frozen_time: FROZEN,
      name: 'Trial',
      status: 'ready',
    });
    expect(await testClocks.retrieve(first.id)).to.include({ id: first.id });
    expect((await testClocks.list()).data.map(({ id }) => id)).to.deep.equal([second.id, first.id]);
    expect(await testClocks.del(first.id)).to.include({ id: first.id, deleted: true });
    expect(await refusalOf(testClocks.retrieve(first.id))).to.include({
      statusCode: 404,
      code: 'resource_missing',
    });
    expect((await testClocks.list()).data.map(({ id }) => id)).to.deep.equal([second.id]);
  });

  it('have customers of their own time, which only the list of their clock shows', async () => {
    const { stripe } = bench;
    const clock = await newClock();
    const plain = await stripe.customers.create({ email: 'clock@example.com' });
    const clocked = await stripe.customers.create({ email: 'clock@example.com', test_clock: clock.id });
    expect(clocked).to.include({ test_clock: clock.id, created: FROZEN });
    const ids = async (params: { email?: string; test_clock?: string }): Promise<string[]> =>
      (await stripe.customers.list(params)).data.map(({ id }) => id);
    expect(await ids({ email: 'clock@example.com' })).to.deep.equal([plain.id]);
    expect(await ids({ test_clock: clock.id })).to.deep.equal([clocked.id]);
    expect(await stripe.customers.retrieve(clocked.id)).to.include({ id: clocked.id });
  });

  it('accept three customers, and are deleted with all of them', async () => {
    const { stripe, simulator } = bench;
    const clock = await newClock();
    const made = [];
    for (let n = 0; n < 3; n += 1) made.push(await stripe.customers.create({ test_clock: clock.id }));
    expect(await refusalOf(stripe.customers.create({ test_clock: clock.id }))).to.include({
      param: 'test_clock',
    });
    await stripe.testHelpers.testClocks.del(clock.id);
    for (const { id } of made)
      expect(await stripe.customers.retrieve(id)).to.deep.equal({ id, object: 'customer', deleted: true });
    const gone = simulator.events().filter(({ type }) => type === 'customer.deleted');
    expect(gone.map(({ data }) => data.object.id)).to.have.members(made.map(({ id }) => id));
  });

  it('are refused if unknown, and a customer cannot be moved to a clock later', async () => {
    const { plain } = bench;
    const { id } = await plain.customers.create({});
    for (const call of [
      plain.customers.create({ test_clock: 'clock_none' }),
      plain.customers.list({ test_clock: 'clock_none' }),
    ])
      expect(await refusalOf(call)).to.include({
        statusCode: 400,
        code: 'resource_missing',
        param: 'test_clock',
      });
    const clock = await newClock();
    const moved = await bench.call('POST', `/v1/customers/${id}`, { form: { test_clock: clock.id } });
    expect(bench.errorOf(moved)).to.include({ code: 'parameter_unknown' });
  });

  it('are there after a restart', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'twinbox-simulator-'));
    const first = await startSimulator({ dataDir });
    const clock = await first.stripe.testHelpers.testClocks.create({ frozen_time: FROZEN });
    const { id } = await first.stripe.customers.create({ test_clock: clock.id });
    await first.simulator.close();
    const second = await startSimulator({ dataDir });
    expect(
      (await second.stripe.customers.list({ test_clock: clock.id })).data.map((one) => one.id),
    ).to.deep.equal([id]);
    await second.simulator.close();
    await rm(dataDir, { recursive: true });
  });
});
