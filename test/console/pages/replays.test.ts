import { expect } from 'chai';
import { ApiError } from '../../../console/api.ts';
import { newReplayActs, newReplayView } from '../../../console/pages/replay-new.ts';
import { planActs, planPage, planView, type PlanData } from '../../../console/pages/replay-plan.ts';
import { replayActs, replayView, type WholeReplay } from '../../../console/pages/replay.ts';
import { replaysView } from '../../../console/pages/replays.ts';
import { bodyOf, wordsOf } from '../../../console/selection.ts';
import type { Pair } from '../../../console/sides.ts';
import { fakeApi } from '../fake-api.ts';
import { HOSTILE } from '../hostile.ts';
import { sample } from '../samples.ts';
import { actsIn, drawn, seen, shown } from '../seen.ts';

const HASH = '9f2c'.repeat(16);
const EVENT = '019a8a3c-7f00-7000-8000-000000000001';
type Item = PlanData['items'][number];

const item = (would: Item['effect']['would'], place: number, more: object = {}): Item => ({
  ...{ place, event_id: EVENT, event_type: 'customer.updated', version: 2, target: 'stripe' },
  ...{ status: 'parked', attempts: 1, error: { code: 'api_error' }, created_at: null, mapping: place },
  ...{ customer: place, external_id: 'cus_1', state: 'parked', reason: null, effect: { would, ...more } },
});
const plan = (instead: object = {}): PlanData['plan'] =>
  sample<PlanData['plan']>('PlannedReplay', {
    ...{ plan: HASH, selection: { status: 'parked' }, rate: 10, seconds: 12, calls: { least: 3, most: 6 } },
    counts: { deliveries: 3, pairs: 3, customers: 3, with_record: 3, statuses: {}, systems: {}, more: false },
    ...instead,
  });
const pair = (mapping: number, ours: unknown): Pair =>
  sample<Pair>('Pair', {
    mapping,
    fields: [
      { field: 'name', ours, theirs_known: 'Old', left_because: null, differs: true },
      { field: 'email', ours: 'a', theirs_known: 'a', left_because: null, differs: false },
    ],
  });
const data = (items: Item[], instead: Partial<PlanData> = {}): PlanData => ({
  ...{ plan: plan(), items, group: null, standing: new Map(), refusal: null },
  typed: { rate: '', max: '', reason: '' },
  ...instead,
});
const path = `/console/replays/plans/${HASH}`;

describe('the page of a new replay', () => {
  it('says in a sentence what is selected, and hands the same words on', () => {
    const query = 'group=19fa1fc6e929&customer=42&since=2h&direction=in&system=stripe&what=else';
    const words = wordsOf(new URLSearchParams(query));
    const group = { code: 'email_invalid', field: 'email', system: 'stripe', count: 4, fingerprint: 'x' };
    const view = newReplayView({ words, group, wrong: null }, seen(`/console/replays/new?${query}`));
    expect(shown(view)).to.include(
      'The deliveries of the 4 pairs in the group email_invalid (field email ) at stripe of customer 42 of pairs with stripe to our table since 2h .',
    );
    expect(drawn(view)).to.include('type="hidden" name="group" value="19fa1fc6e929"').and.not.include('else');
    expect(view.same?.cli).to.equal(
      'replay --group 19fa1fc6e929 --customer 42 --system stripe --direction in --since 2h',
    );
    expect(bodyOf(words)).to.include({ customer: 42, since: '2h' });
    expect(
      shown(newReplayView({ words: {}, group: null, wrong: null }, seen('/console/replays/new'))),
    ).to.include('The deliveries that are parked .');
  });

  it('plans with the words, and shows them again with what is wrong with them', async () => {
    const form = new URLSearchParams({ since: 'yesterday', max: 'many' });
    const detail = 'body /since must have the form 30m';
    const { api, posted } = fakeApi({ 'POST /api/v1/replay-plans': new ApiError(400, { detail }) });
    const known = seen('/console/replays/new');
    const view = await newReplayActs[0]?.act({ ...known, api, form, once: 'once-1' }, known);
    expect(posted[0]).to.deep.include({ body: { since: 'yesterday', max: 'many' }, once: 'once-1' });
    if (typeof view !== 'object') throw new Error('the act has gone somewhere');
    expect(view.status).to.equal(422);
    expect(shown(view)).to.include(detail);
    expect(drawn(view)).to.include('name="since" value="yesterday"');
    const good = fakeApi({ 'POST /api/v1/replay-plans': { plan: HASH } });
    const to = await newReplayActs[0]?.act({ ...known, api: good.api, form, once: 'once-2' }, known);
    expect(to).to.equal(path);
  });

  it('shows hostile words literally', () => {
    for (const text of HOSTILE) {
      const words = { error: text, id: text, group: text, customer: text, since: text };
      const page = drawn(newReplayView({ words, group: null, wrong: text }, seen('/console/replays/new')));
      expect(page).not.to.match(/<img|<script| on\w+="/);
    }
  });
});

describe('the page of a plan', () => {
  it('counts by effect, shows the difference by field, and asks for a reason', () => {
    const items = [
      item('update', 1),
      item('update', 2, { there: ['name'], here: [] }),
      item('superseded', 3, { by: EVENT }),
    ];
    const view = planView(data(items, { standing: new Map([[1, pair(1, 'New')]]) }), seen(path));
    expect(shown(view))
      .to.include('2 would write what is newer to the record')
      .and.include('1 would do nothing: a later change has taken its place')
      .and.include('name Old → New')
      .and.include('name there')
      .and.include('3 deliveries · 3 pairs · 3 customers')
      .and.include('3 to 6: a read of each record')
      .and.include('12 s at 10 pairs a second');
    expect(shown(view)).not.to.include('email a');
    expect(drawn(view)).to.match(/name="reason" value="" required/);
    expect(actsIn(view)).to.deep.equal([path]);
    expect(actsIn(planView(data(items), seen(path, { scope: 'viewer' })))).to.deep.equal([]);
  });

  it('offers nothing to run where nothing fits', () => {
    const view = planView(data([]), seen(path));
    expect(shown(view)).to.include('There is nothing to replay');
    expect(actsIn(view)).to.deep.equal([]);
  });

  it('reads the first pages of a plan, all where a person asks for more, and the fields of a few pairs', async () => {
    const head = plan({ counts: { ...plan().counts, deliveries: 250 } });
    const page = { ...head, items: Array.from({ length: 100 }, (_, at) => item('update', at + 1)) };
    const { api, asked } = fakeApi({
      '/api/v1/replay-plans/{hash}': page,
      '/api/v1/mappings/{id}/explain': { pairs: [] },
    });
    const afters = () =>
      asked.filter(({ path: at }) => at.includes('plans')).map(({ query }) => query?.['after']);
    const known = seen(path, { params: { hash: HASH } });
    const some = await planPage.answer({ ...known, api }, known);
    expect(afters()).to.deep.equal([undefined, 100]);
    expect(asked.filter(({ path: at }) => at.includes('explain'))).to.have.length(5);
    expect(shown(some)).to.include('200 would').and.include('Counted: the oldest 200 deliveries');
    const [, more = ''] = /href="([^"]+)">Count the oldest/.exec(drawn(some)) ?? [];
    const wider = seen(more, { params: { hash: HASH } });
    const view = await planPage.answer({ ...wider, api }, wider);
    expect(afters().slice(2)).to.deep.equal([undefined, 100, 200]);
    expect(shown(view)).to.include('300 would').and.include('The first 50 of 300');
  });

  const act = async (answers: Record<string, unknown>, fields: Record<string, string>) => {
    const { api, posted } = fakeApi({
      '/api/v1/replay-plans/{hash}': { ...plan(), items: [item('nothing', 1)] },
      ...answers,
    });
    const known = seen(path, { params: { hash: HASH } });
    const form = new URLSearchParams(fields);
    return { made: await planActs[0]?.act({ ...known, api, form, once: 'once-1' }, known), posted };
  };

  it('runs with the hash that was seen, and goes to the replay', async () => {
    const { made, posted } = await act(
      { 'POST /api/v1/replays': { id: 7 } },
      { rate: '0.5', max: '', reason: 'r' },
    );
    expect(made).to.equal('/console/replays/7');
    expect(posted).to.deep.equal([
      {
        path: '/api/v1/replays',
        in: undefined,
        body: { plan: HASH, rate: 0.5, reason: 'r' },
        once: 'once-1',
      },
    ]);
  });

  it('does nothing without a reason', async () => {
    const { made, posted } = await act({}, { rate: '5', max: '2', reason: '  ' });
    expect(posted).to.deep.equal([]);
    expect(made).to.have.property('status', 422);
    if (typeof made === 'object') expect(drawn(made)).to.include('name="max"').and.include('value="2"');
  });

  it('keeps what was typed where the plan is stale, and shows the difference and the plan as it is now', async () => {
    const none = { count: 0, deliveries: [] };
    const difference = {
      came: none,
      changed: none,
      left: { count: 1, deliveries: [{ event_id: EVENT, mapping: 3, customer: 42 }] },
    };
    const stale = new ApiError(409, { code: 'plan_stale', detail: 'It has changed', difference });
    const { made, posted } = await act(
      { 'POST /api/v1/replays': stale, 'POST /api/v1/replay-plans': { plan: HASH } },
      { rate: '5', max: '', reason: 'the "key" was renewed' },
    );
    if (typeof made !== 'object') throw new Error('the act has gone somewhere');
    expect(made.status).to.equal(409);
    expect(shown(made)).to.include('Nothing was done').and.include('1 not selected any more: customer 42');
    expect(drawn(made)).to.include('value="the &quot;key&quot; was renewed"');
    expect(posted).to.have.length(2);
    expect(posted[1]).to.deep.include({ path: '/api/v1/replay-plans', body: { status: 'parked' } });
  });

  it('keeps what was typed where the group of a stale plan has gone, and says so', async () => {
    const gone = new ApiError(404, { code: 'group_not_found', detail: 'No open pair is in a group' });
    const { made } = await act(
      {
        'POST /api/v1/replays': new ApiError(409, { code: 'plan_stale', detail: 'It has changed' }),
        'POST /api/v1/replay-plans': gone,
      },
      { rate: '5', max: '', reason: 'the key was renewed' },
    );
    if (typeof made !== 'object') throw new Error('the act has gone somewhere');
    expect(made.status).to.equal(409);
    expect(shown(made)).to.include('No pair is in its group any more').and.include('Nothing was done');
    expect(drawn(made)).to.include('value="the key was renewed"');
  });

  it('leads to the replay that has some of the pairs', async () => {
    const members = {
      code: 'replay_overlaps',
      detail: 'Replay 3 is not finished',
      replays: [{ id: 3, pairs: 1 }],
    };
    const { made } = await act({ 'POST /api/v1/replays': new ApiError(409, members) }, { reason: 'r' });
    if (typeof made === 'object') expect(drawn(made)).to.include('href="/console/replays/3"');
    expect(made).to.have.property('status', 409);
  });
});

describe('the pages of replays', () => {
  const replay = (instead: Partial<WholeReplay> = {}): WholeReplay =>
    sample<WholeReplay>('WholeReplay', {
      ...{
        id: 7,
        state: 'running',
        why: null,
        rate: 5,
        stop_share: 0.5,
        actor: 'key:oncall/1',
        reason: 'fixed',
      },
      ...{ pairs: 12, done: 6, failed: 3, queued: 2, raised: 1, skipped: 0, cancelled: 0, ended_at: null },
      failures: [
        { mapping: 4, customer: 42, result: 'parked: email_invalid', at: '2026-11-29T08:01:58.570Z' },
      ],
      ...instead,
    });

  it('draws how far it is by lengths, and says the same in words', () => {
    const view = replayView(replay(), seen('/console/replays/7'));
    expect(drawn(view)).to.match(/class="ok"\s+x="0.0"\s+y="0"\s+width="300.0"/);
    expect(drawn(view)).to.match(/class="bad"\s+x="300.0"\s+y="0"\s+width="150.0"/);
    expect(shown(view)).to.include('6 of 12 done, 3 left, 3 failed').and.include('email_invalid');
    expect(drawn(view)).not.to.include('style=');
  });

  it('can be paused or resumed by who may, until it is over', () => {
    const buttons = (instead: Partial<WholeReplay>, scope: 'viewer' | 'operator' = 'operator') =>
      [
        ...drawn(replayView(replay(instead), seen('/console/replays/7', { scope }))).matchAll(
          /name="verb" value="(\w+)"/g,
        ),
      ].map(([, verb]) => verb);
    expect(buttons({})).to.deep.equal(['pause', 'cancel']);
    expect(buttons({ state: 'stopped', why: 'too many fail' })).to.deep.equal(['resume', 'cancel']);
    expect(buttons({ state: 'finished' })).to.deep.equal([]);
    expect(buttons({}, 'viewer')).to.deep.equal([]);
  });

  it('takes the buttons from a page that is open when it is over', () => {
    const html = (instead: Partial<WholeReplay>) =>
      drawn(replayView(replay(instead), seen('/console/replays/7', { scope: 'operator' })));
    expect(html({})).to.match(/<div[^>]* id="acts"/);
    expect(html({ state: 'finished' })).to.match(/<section[^>]* id="acts"><\/section>/);
  });

  it('sends the verb of the button, and none that there is not', async () => {
    const known = seen('/console/replays/7', { params: { id: '7' } });
    for (const [verb, path] of [
      ['cancel', '/api/v1/replays/{id}/cancel'],
      ['explode', undefined],
    ] as const) {
      const { api, posted } = fakeApi({});
      const form = new URLSearchParams({ verb, reason: '' });
      expect(await replayActs[0]?.act({ ...known, api, form, once: 'o' }, known)).to.equal(
        '/console/replays/7',
      );
      expect(posted[0]?.path).to.equal(path);
    }
  });

  it('are listed, with who and why', () => {
    const view = replaysView({ rows: [replay()], next: '7' }, seen('/console/replays'));
    expect(shown(view)).to.match(/Replay 7 +running +key:oncall\/1 +fixed +12 +6 +3 +3/);
    expect(drawn(view)).to.include('href="/console/replays?after=7"');
    expect(shown(replaysView({ rows: [], next: null }, seen('/console/replays')))).to.include(
      'Nothing replayed yet',
    );
  });
});
