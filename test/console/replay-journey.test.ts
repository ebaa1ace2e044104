// From what needs a person to the replay that cures it, page by page, without a script: as a browser goes.
import { expect } from 'chai';
import { startApi } from '../api/start-api.ts';
import { useTwoWay } from '../support/two-way.ts';
import { createVisitor, fieldOf, type Visited } from './visitor.ts';

describe('a replay through the console', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    const planners = new Map([['stripe', world.deps]]);
    api = await startApi({ db: world.db, clock: world.clock, planners, console: {} });
  });
  afterEach(() => api.server.close());

  const links = ({ text }: Visited): string[] =>
    [...text.matchAll(/href="([^"]*)"/g)].map(([, to = '']) => to);

  it('goes from the group over the plan to the job, holds a plan that is stale, and runs once', async () => {
    world.simulator.faults.add({
      ...({ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', times: 3 } as const),
      status: 400,
    });
    const ids: number[] = [];
    for (let n = 0; n < 3; n++) ids.push((await world.create()).id);
    await world.rest();
    const browser = createVisitor(api.server.url);
    const send = (page: Visited, to: string, fields: Record<string, string> = {}) =>
      browser.post(to, { token: fieldOf(page.text, 'token'), once: fieldOf(page.text, 'once'), ...fields });

    const attention = await browser.get('/console/attention');
    expect(attention.text).to.include('3 need you');
    const begin = links(attention).find((to) => to.startsWith('/console/replays/new?group=')) ?? '';
    const chosen = await browser.get(begin);
    const planned = await send(chosen, '/console/replays/new', { group: begin.slice(-12) });
    expect(planned.status, planned.text).to.equal(303);
    const plan = await browser.get(planned.to ?? '');
    expect(plan.text).to.include('Run this replay of 3 pairs');

    await world.update(ids[0] ?? 0, { name: 'Corrected' });
    await world.rest();
    const typed = { rate: '50', max: '', reason: 'the fault is gone' };
    const stale = await send(plan, planned.to ?? '', typed);
    expect(stale.status, stale.text.slice(1200, 4000)).to.equal(409);
    expect(stale.text).to.include('Nothing was done').and.include('value="the fault is gone"');
    expect(stale.text).to.include('Run this replay of 2 pairs');

    const fresh = /action="(\/console\/replays\/plans\/\w+)"/.exec(stale.text)?.[1] ?? '';
    expect(fresh).not.to.equal(planned.to);
    const begun = await send(stale, fresh, typed);
    expect(begun.to, begun.text).to.match(/^\/console\/replays\/\d+$/);
    expect((await send(stale, fresh, typed)).to, 'sent twice').to.equal(begun.to);

    const job = await browser.get(begun.to ?? '');
    expect(job.text).to.include('0 of 2 done, 2 left').and.include('the fault is gone');
    expect((await send(job, begun.to ?? '', { verb: 'pause', reason: 'lunch' })).to).to.equal(begun.to);
    expect((await browser.get(begun.to ?? '')).text)
      .to.include('paused')
      .and.include('value="resume"');
    expect((await browser.get('/console/replays')).text).to.include('Replay 1');
    const events = await browser.get('/console/events?needs_attention=true');
    const event = links(events).find((to) => /^\/console\/events\/[0-9a-f-]{36}$/.test(to)) ?? '';
    expect((await browser.get(event)).text)
      .to.include('Acts of people')
      .and.include('the fault is gone');
  });
});
