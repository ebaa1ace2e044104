// From the pairs that wait to the links that a person has consented to, without a script, with the loop of a
// worker.
import { expect } from 'chai';
import type { Loop } from '../../lib/loop.ts';
import { startLinker } from '../../workers/linker.ts';
import { makeKeys } from '../api/keys-made.ts';
import { startApi } from '../api/start-api.ts';
import { waitingRow } from '../support/first-link.ts';
import { waitUntil } from '../support/signal.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { useTwoWay } from '../support/two-way.ts';
import { createVisitor, fieldOf, type Visited } from './visitor.ts';

describe('a first link through the console', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  let worker: { stop: AbortController; loop: Loop };
  beforeEach(async () => {
    const planners = new Map([['stripe', world.deps]]);
    api = await startApi({ db: world.db, clock: world.clock, planners, console: {} });
    const stop = new AbortController();
    const lane = { status: () => ({ bound: true }) };
    worker = { stop, loop: startLinker({ deps: world.deps, lane, wake: () => undefined }, stop.signal) };
  });
  afterEach(async () => {
    worker.stop.abort();
    await worker.loop.done;
    await api.server.close();
  });

  async function visit(scope: 'viewer' | 'operator') {
    const browser = createVisitor(api.server.url);
    const { text: key } = await makeKeys(world.db, { clock: world.clock }).make(scope);
    await browser.logIn(key);
    const send = (page: Visited, to: string, fields: Record<string, string>) =>
      browser.post(to, { token: fieldOf(page.text, 'token'), once: fieldOf(page.text, 'once'), ...fields });
    /** The page, once it says so. */
    const until = async (path: string, says: string): Promise<Visited> => {
      let page = await browser.get(path);
      await waitUntil(async () => (page = await browser.get(path)).text.includes(says), {
        ...{ timeoutMs: 20_000, what: `${path} says ${says}` },
      });
      return page;
    };
    return { browser, send, until };
  }

  it('goes from what waits over the plan to the links, once for a form that is sent twice', async () => {
    const { id } = await waitingRow(world, { name: '<img src=x>', email: 'ada@example.com' });
    const record = world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@example.com' }).id;
    const { browser, send, until } = await visit('operator');
    expect((await browser.get('/console/attention?tab=waiting')).text).to.include('href="/console/link"');
    const first = await browser.get('/console/link');
    expect(first.text).to.include('Show what a link would do').and.include('1 customer');
    const asked = await send(first, '/console/link', { system: 'stripe' });
    expect([asked.status, asked.to], asked.text).to.deep.equal([303, asked.to]);
    const to = asked.to ?? '';
    expect((await send(first, '/console/link', { system: 'stripe' })).to, 'sent twice').to.equal(to);

    const plan = await until(to, 'Link 1 customer');
    expect(plan.text).to.include('pairs by their email').and.include(`/console/customers/${id}`);
    expect(plan.text).not.to.include('<img');
    const silent = await send(plan, to, { reason: ' ' });
    expect([silent.status, silent.text.includes('A reason is needed')]).to.deep.equal([422, true]);
    const consent = { reason: 'looked at <both> sides' };
    const given = await send(plan, to, consent);
    expect([given.status, given.to], given.text.slice(0, 3_000)).to.deep.equal([303, to]);
    expect((await send(plan, to, consent)).to, 'sent twice').to.equal(to);
    const stored = await until(to, 'Consent is stored for 1 of 1 customer');
    expect(stored.text.replaceAll(/\s+/g, ' '))
      .to.include('still to be linked')
      .and.include('looked at &lt;both&gt; sides');
    await world.rest();
    expect((await browser.get(to)).text).to.include('Workers have carried out every consent');
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', externalId: record });
    expect(await world.db('operator_actions').where({ action: 'link' })).to.have.length(1);
  });

  it('refuses a plan that is out of date, and says what has changed', async () => {
    await waitingRow(world, { name: 'First', email: 'first@example.com' });
    const { browser, send, until } = await visit('operator');
    const first = await browser.get('/console/link');
    const { to } = await send(first, '/console/link', { system: 'stripe' });
    const plan = await until(to ?? '', 'Link 1 customer');
    await waitingRow(world, { name: 'Second', email: 'second@example.com' });
    const stale = await send(plan, to ?? '', { reason: 'looked at it' });
    expect(stale.status).to.equal(409);
    expect(stale.text).to.include('1, and now 2').and.include('value="looked at it"');
  });

  it('shows a viewer the plan, and neither a button nor a way around it', async () => {
    await waitingRow(world, { name: 'First', email: 'first@example.com' });
    const operator = await visit('operator');
    const first = await operator.browser.get('/console/link');
    const { to } = await operator.send(first, '/console/link', { system: 'stripe' });
    const { browser, send, until } = await visit('viewer');
    const seen = await browser.get('/console/link');
    expect(seen.text).not.to.include('Show what a link would do');
    expect((await send(seen, '/console/link', { system: 'stripe' })).status).to.equal(403);
    const plan = await until(to ?? '', 'one is created for each');
    expect(plan.text).not.to.include('<button>Link');
    expect((await send(plan, to ?? '', { reason: 'why not' })).status).to.equal(403);
  });

  it('says that nothing waits, where nothing does', async () => {
    const { browser } = await visit('viewer');
    expect((await browser.get('/console/link')).text).to.include('Nothing waits for a link.');
    expect((await browser.get('/console/attention?tab=waiting')).text).not.to.include('not_linked');
  });
});
