// From the page of a customer to what a comparison has found, without a script, with the loop of a worker.
import { expect } from 'chai';
import type { Loop } from '../../lib/loop.ts';
import { startAnswerer } from '../../workers/answerer.ts';
import { makeKeys } from '../api/keys-made.ts';
import { startApi } from '../api/start-api.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { createVisitor, fieldOf } from './visitor.ts';

describe('a comparison through the console', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  let bound = true;
  let worker: { stop: AbortController; loop: Loop };
  beforeEach(async () => {
    bound = true;
    const planners = new Map([['stripe', world.deps]]);
    api = await startApi({
      ...{ db: world.db, clock: world.clock, planners, console: {} },
      compareWaitMs: 4_000,
    });
    const stop = new AbortController();
    const lane = { status: () => ({ bound }) };
    worker = { stop, loop: startAnswerer({ deps: world.deps, lane }, 'a worker', stop.signal) };
  });
  afterEach(async () => {
    worker.stop.abort();
    await worker.loop.done;
    await api.server.close();
  });

  async function visit(scope: 'viewer' | 'operator', id: number) {
    const browser = createVisitor(api.server.url);
    const { text: key } = await makeKeys(world.db, { clock: world.clock }).make(scope);
    await browser.logIn(key);
    const page = await browser.get(`/console/customers/${id}`);
    const press = () =>
      browser.post(`/console/customers/${id}/compare`, {
        token: fieldOf(page.text, 'token'),
        once: fieldOf(page.text, 'once'),
      });
    return { browser, page, press };
  }

  it('goes from the button to the fields that differ, once for a form that is sent twice', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: '<img src=x onerror=alert(1)>' });
    const { browser, page, press } = await visit('operator', id);
    expect(page.text).to.include('Compare now');
    const sent = await press();
    expect([sent.status, sent.to], sent.text.slice(0, 500)).to.deep.equal([
      303,
      (sent.to ?? '').replace(/.*(\/console\/comparisons\/[0-9a-f-]{36})$/, '$1'),
    ]);
    const found = await browser.get(sent.to ?? '');
    expect(found.text).to.include('they differ').and.include('<b>name</b>').and.not.include('<img');
    expect((await press()).to, 'sent twice').to.equal(sent.to);
  });

  it('shows a viewer what was found, and neither the button nor a way around it', async () => {
    const { id } = await linkedPair(world);
    const operator = await visit('operator', id);
    const { to } = await operator.press();
    const { browser, page, press } = await visit('viewer', id);
    expect(page.text).not.to.include('Compare now');
    expect((await press()).status).to.equal(403);
    const found = await browser.get(to ?? '');
    expect(found.text).to.include('both sides agree').and.not.include('Compare now');
  });

  it('says that no answer has come yet while no worker may ask', async () => {
    const { id } = await linkedPair(world);
    bound = false;
    const { browser, press } = await visit('operator', id);
    const { to } = await press();
    expect((await browser.get(to ?? '')).text).to.include('no answer yet');
    world.advance(60_000);
    expect((await browser.get(to ?? '')).text).to.include('no answer came');
  });
});
