import { expect } from 'chai';
import { readInstanceId } from '../../db/connections.ts';
import { bindAccount } from '../../lib/integrations/bind.ts';
import type { EventFeed } from '../../lib/integrations/integration.ts';
import { createSweeper } from '../../workers/sweeper.ts';
import { waitUntil } from '../support/signal.ts';
import { useSync } from '../support/sync.ts';
import { startToy, TOKEN, type ToyServer } from '../support/toy/double/server.ts';
import { createToyIntegration } from '../support/toy/system/toy.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

describe('the sweeps of two systems', () => {
  const world = useSync();
  const { signal } = new AbortController();
  const lane = { status: () => ({ bound: true }) };
  let toy: ToyServer;

  beforeEach('start the second system', async () => {
    toy = await startToy({ now: () => world.clock.now().getTime() });
  });
  afterEach('stop it', () => toy.close());

  async function sweepers(feedBy: EventFeed['by'] = 'time') {
    const instanceId = await readInstanceId(world.db);
    const integration = createToyIntegration({ url: toy.url, token: TOKEN, instanceId }, { feedBy });
    const systems = { stripe: world.deps, toy: { ...world.deps, integration } };
    for (const deps of Object.values(systems)) await bindAccount(world.db, world.clock, deps.integration);
    const make = (deps: typeof world.deps) => createSweeper({ deps, lane }, { retentionDays: 35 });
    return { stripe: make(systems.stripe), toy: make(systems.toy) };
  }

  const stored = async (): Promise<number> => {
    const { rows } = await world.db.raw<{ rows: { count: number }[] }>(
      `select count(*) from sync_events where event_type = 'stripe.customer.created'`,
    );
    return rows[0]?.count ?? 0;
  };

  for (const [feedBy, form] of [
    ['time', 'do not wait for each other: one that hangs delays no other'],
    ['cursor', 'do not wait for each other: a feed with a cursor that hangs delays no other'],
  ] as const)
    it(form, async () => {
      const sweeps = await sweepers(feedBy);
      world.simulator.dashboard.createCustomer({ name: 'Swept', email: 'swept@example.com' });
      world.advance(5 * MINUTE);
      toy.hang();
      const hanging = sweeps.toy.runOnce(signal);
      await waitUntil(() => toy.waiting() > 0, { timeoutMs: 10_000, what: 'the second system was asked' });
      while ((await sweeps.stripe.runOnce(signal)) > 0);
      expect(await stored()).to.equal(1);
      expect(toy.waiting()).to.equal(1);
      toy.release();
      await hanging;
    });

  it('come as often as the feed of each system says', async () => {
    const sweeps = await sweepers();
    world.advance(5 * MINUTE);
    const all = async (): Promise<void> => {
      for (const each of [sweeps.stripe, sweeps.toy]) while ((await each.runOnce(signal)) > 0);
    };
    const asked = () => ({
      stripe: world.calls().filter((call) => call === 'GET /v1/events').length,
      toy: toy.calls.count(),
    });
    await all();
    const before = asked();
    world.advance(12 * SECOND);
    await all();
    expect(asked()).to.deep.equal({ stripe: before.stripe, toy: before.toy + 1 });
  });
});
