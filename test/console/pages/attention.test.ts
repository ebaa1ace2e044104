import { expect } from 'chai';
import type { Api } from '../../../console/api.ts';
import type { Group } from '../../../console/groups.ts';
import {
  attentionPage,
  attentionView,
  type Attention,
  type Delivery,
  type Mapping,
} from '../../../console/pages/attention.ts';
import { groupActs, groupView, type WholeGroup } from '../../../console/pages/group.ts';
import { fakeApi } from '../fake-api.ts';
import { HOSTILE } from '../hostile.ts';
import { sample } from '../samples.ts';
import { actsIn, drawn, NOW, seen, shown } from '../seen.ts';

const example = {
  ...{ mapping: 7, customer: 42, external_id: null, state: 'parked', since: '2026-11-29T08:01:58.570Z' },
  ...{ event_id: '019a8a3c-7f00-7000-8000-000000000001', closed: false, says: 'Stripe refuses it' },
};
const group = (instead: Partial<Group> = {}): Group =>
  sample<Group>('Group', {
    ...{ fingerprint: '19fa1fc6e929', system: 'stripe', class: 'permanent', code: 'email_invalid' },
    ...{ field: 'email', count: 4, parked: 4, waiting: 0, retrying: 0, closed: 0, customers: 3, example },
    ...{ means: 'Stripe does not take the email.', cure: 'Correct it, then `npx twinbox replay`.' },
    ...instead,
  });
const groups = (given: Group[]): Attention => ({ tab: 'groups', groups: given, last: null });
const at = (minutes: number): string => new Date(NOW.getTime() - minutes * 60_000).toISOString();

describe('the page of what needs attention', () => {
  it('shows each cause with what it means, its cure, an example and the way to a replay', () => {
    const view = attentionView(groups([group()]), seen('/console/attention'));
    expect(shown(view))
      .to.include('email_invalid')
      .and.include('field email')
      .and.include('4 pairs, 3 customers touched')
      .and.include('4 need you')
      .and.include('Such as customer 42 : Stripe refuses it');
    expect(drawn(view))
      .to.include('href="/console/replays/new?group=19fa1fc6e929"')
      .and.include('<code>npx twinbox replay</code>')
      .and.include('href="/console/groups/19fa1fc6e929"');
    expect(view.same).to.deep.equal({ cli: 'groups list', api: '/api/v1/groups' });
  });

  it('says that nothing needs a person, and what the last trouble was', () => {
    const last = sample<NonNullable<Extract<Attention, { tab: 'groups' }>['last']>>('Replay', {
      ...{ id: 9, actor: 'key:billing/1', created_at: at(3 * 24 * 60) },
    });
    const view = attentionView({ tab: 'groups', groups: [], last }, seen('/console/attention'));
    expect(shown(view)).to.include('Nothing needs you. Last trouble: 3 days ago , replayed by key:billing/1');
  });

  it('leads a viewer to no replay', () => {
    const view = attentionView(groups([group()]), seen('/console/attention', { scope: 'viewer' }));
    expect(drawn(view)).not.to.include('/console/replays/new');
  });

  it('says of a stuck pair why, how long, and how many events wait behind it', () => {
    const row = sample<Mapping>('Mapping', {
      ...{ id: 7, system: 'stripe', customer: 42, state: 'parked', reason: 'email_invalid', decision: null },
      ...{ attempts: 3, open_events: 12, error: { code: 'email_invalid' }, updated_at: at(14) },
    });
    const page = (rows: Mapping[], query = '') =>
      shown(attentionView({ tab: 'stuck', rows, next: null }, seen(`/console/attention?tab=stuck${query}`)));
    expect(page([row])).to.match(/customer 42 +stripe +email_invalid +14 min +3 +12/);
    expect(page([])).to.include('No pair is stuck');
    expect(page([], '&reason=refused')).to.include('No pair with reason = refused');
  });

  it('finds the echoes that are late: of a write, applied for more than a quarter of an hour', async () => {
    const delivery = (instead: Partial<Delivery>): Delivery =>
      sample<Delivery>('Delivery', {
        ...{ target: 'stripe', intent_id: 'a', confirmed_by: null, settled_at: at(20), event_type: 'late' },
        ...instead,
      });
    const { api, asked } = fakeApi({
      '/api/v1/deliveries': [
        delivery({}),
        delivery({ event_type: 'fresh', settled_at: at(10) }),
        delivery({ event_type: 'echoed', confirmed_by: 'b' }),
        delivery({ event_type: 'without_write', intent_id: null }),
        delivery({ event_type: 'inbound', target: 'internal' }),
      ],
    });
    const view = await answer(api, '/console/attention?tab=echoes&customer=4');
    expect(shown(view)).to.include('late').and.include('20 min').and.include('5 newest applied deliveries');
    expect(shown(view)).not.to.match(/fresh|echoed|without_write|inbound/);
    expect(asked[0]?.query).to.deep.equal({ limit: 100, customer: '4', status: 'applied' });
  });

  it('has no page for a kind of trouble that there is not', async () => {
    const view = await answer(fakeApi({}).api, '/console/attention?tab=sorrow');
    expect(view.status).to.equal(404);
  });

  it('shows what a system says literally', () => {
    for (const text of HOSTILE) {
      const hostile = group({ code: text, means: text, cure: text, example: { ...example, says: text } });
      expect(drawn(attentionView(groups([hostile]), seen('/console/attention')))).not.to.match(
        /<img|<script/,
      );
    }
  });

  function answer(api: Api, path: string) {
    const known = seen(path);
    return attentionPage.answer({ ...known, api }, known);
  }
});

describe('the page of an error group', () => {
  const whole = sample<WholeGroup>('WholeGroup', { ...group(), pairs: [example] });
  const path = '/console/groups/19fa1fc6e929';

  it('shows its pairs, and says what a closing does before it is done', () => {
    const view = groupView(whole, seen(path));
    expect(shown(view)).to.include('customer 42').and.include('these 4 pairs need no person any more');
    expect(actsIn(view)).to.deep.equal(['/console/groups/19fa1fc6e929/close']);
    expect(actsIn(groupView(whole, seen(path, { scope: 'viewer' })))).to.deep.equal([]);
    expect(shown(groupView(null, seen(path)))).to.include('This group is gone');
  });

  it('closes with the reason, and with the key of the form', async () => {
    const { api, posted } = fakeApi({});
    const known = seen(path, { params: { fingerprint: '19fa1fc6e929' } });
    const form = new URLSearchParams({ reason: ' test data ' });
    const to = await groupActs[0]?.act({ ...known, api, form, once: 'once-1' }, known);
    expect(to).to.equal('/console/attention');
    expect(posted).to.deep.equal([
      {
        path: '/api/v1/groups/{fingerprint}/close',
        in: { fingerprint: '19fa1fc6e929' },
        body: { reason: 'test data' },
        once: 'once-1',
      },
    ]);
  });
});
