import { expect } from 'chai';
import { ApiError } from '../../../console/api.ts';
import { offersOf } from '../../../console/offers.ts';
import { mappingView } from '../../../console/pages/mapping.ts';
import { actView, pairActs, type ActData } from '../../../console/pages/pair-acts.ts';
import { pauseButtons, remedyLinks } from '../../../console/remedies.ts';
import { explained, type Explanation, type Pair } from '../../../console/sides.ts';
import { html } from '../../../console/html.ts';
import { HOSTILE } from '../hostile.ts';
import { recorder } from '../recorder.ts';
import { sample } from '../samples.ts';
import { actsIn, drawn, NOW, seen, shown } from '../seen.ts';

const [template] = sample<Explanation>('Explanation').pairs;
const can = (...commands: string[]): Pair['can_do'] =>
  commands.map((command) => ({ command: `npx twinbox ${command}`, does: 'it is done' }));
const pair = (instead: Partial<Pair>): Pair => {
  if (!template) throw new Error('the document has no pair');
  const about = {
    mapping: 7,
    system: 'stripe',
    customer: 42,
    external_id: 'cus_old',
    role: 'primary',
  } as const;
  return { ...template, ...about, why: 'It waits.', can_do: [], not_now: [], fields: [], ...instead };
};
const explanation = (...pairs: Pair[]): Explanation => ({
  ...sample<Explanation>('Explanation'),
  customer: { id: 42, version: 3, deleted_at: null },
  pairs,
});
const all = explanation(
  pair({
    can_do: can(
      'link 42 --record cus_new',
      'link 42 --create',
      'link 42 --accept-deletion',
      'link 8',
      'resolve 42 --recreate',
      'resolve --mapping 7 --let-go',
      'resolve 42 --record ID',
      'resume stripe --customer 42',
      'replay --customer 42',
      'resume stripe',
      'link --all',
      'doctor',
    ),
  }),
);

describe('what can be done about a pair', () => {
  it('is each command of the explanation that has a page here, and a pause of a living customer', () => {
    expect(offersOf(all).map(({ act, record }) => [act, record])).to.deep.equal([
      ['choose', 'cus_new'],
      ['create', null],
      ['accept-deletion', null],
      ['consent', null],
      ['recreate', null],
      ['let-go', null],
      ['record', null],
      ['resume', null],
      ['pause', null],
    ]);
  });

  it('is no pause where the customer is paused or deleted, and one for each system else', () => {
    const acts = (given: Explanation) => offersOf(given).map(({ act }) => act);
    const paused = pair({ not_now: [{ kind: 'row_paused', says: 'it is paused' }] });
    expect(acts(explanation(paused))).to.deep.equal([]);
    expect(acts({ ...explanation(pair({})), customer: null })).to.deep.equal([]);
    expect(acts(explanation(pair({}), pair({ mapping: 8, customer: null })))).to.deep.equal(['pause']);
  });

  it('stands behind each command of the explanation as a link, for a person who may', () => {
    const links = (scope: 'viewer' | 'operator') => {
      const about = seen('/console/customers/42', { scope });
      return html`${explained(all, remedyLinks('/customers/42', about))}${pauseButtons(all, '/customers/42', about)}`.toString();
    };
    expect(links('operator'))
      .to.include('href="/console/customers/42/choose?mapping=7&amp;record=cus_new"')
      .and.include('href="/console/customers/42/let-go?mapping=7"')
      .and.include('href="/console/customers/42/pause?mapping=7"')
      .and.include('href="/console/replays/new?customer=42"');
    expect(links('viewer')).not.to.include('href=');
  });
});

const dataOf = (act: ActData['act'], instead: Partial<ActData> = {}): ActData => ({
  ...{ kind: 'customers', id: '42', act, explanation: all, customer: null },
  ...instead,
});
const pageOf = (act: ActData['act'], query = '?mapping=7', more: Parameters<typeof seen>[1] = {}) =>
  actView(dataOf(act), seen(`/console/customers/42/${act ?? 'x'}${query}`, more));

describe('the page of an act', () => {
  it('says what follows before the form, and asks for a reason where it is stored', () => {
    const choose = pageOf('choose', '?mapping=7&record=cus_new');
    expect(shown(choose)).to.include('cus_new becomes the record of the customer').and.include('It waits.');
    expect(actsIn(choose)).to.deep.equal(['/console/customers/42/choose']);
    expect(drawn(choose)).not.to.include('name="reason"');
    expect(drawn(choose).indexOf('what follows')).to.be.lessThan(drawn(choose).indexOf('<form'));
    for (const act of ['recreate', 'let-go', 'record', 'pause', 'resume'] as const)
      expect(drawn(pageOf(act)), act).to.match(/name="reason"[^>]*required/);
    expect(choose.same?.cli).to.equal('link 42 --record cus_new');
  });

  it('has no form where the API does not offer it any more, or the person may not', () => {
    const gone = actView(dataOf('create', { explanation: explanation(pair({})) }), seen('/console/x'));
    expect(gone.status).to.equal(409);
    expect(shown(gone)).to.include('not offered now').and.include('It waits.');
    expect(actsIn(gone)).to.deep.equal([]);
    expect(pageOf('choose', '?mapping=7&record=cus_other').status).to.equal(409);
    expect(actsIn(pageOf('create', '?mapping=7', { scope: 'editor' }))).to.deep.equal([]);
    expect(pageOf(null).status).to.equal(404);
  });

  it('shows hostile names and records literally', () => {
    for (const hostile of HOSTILE) {
      const customer = sample<NonNullable<ActData['customer']>>('Customer', {
        name: hostile,
        email: hostile,
      });
      const refused = new ApiError(409, { code: 'cannot_link', title: 'No', detail: hostile });
      const view = actView(dataOf('record', { customer }), seen('/console/x'), {
        error: refused,
        typed: new URLSearchParams({ record: hostile, reason: hostile }),
      });
      expect(drawn(view)).not.to.match(/<img|<script| on\w+="/);
    }
  });
});

describe('an act about a pair', () => {
  const answers = {
    '/api/v1/customers/{id}/link': { customer: 42 },
    '/api/v1/customers/{id}/accept-deletion': { customer: 42 },
    '/api/v1/mappings/{id}/link': { customer: 42 },
    '/api/v1/mappings/{id}/resolve': { customer: null },
    '/api/v1/lanes/{system}/pause': {},
    '/api/v1/lanes/{system}/resume': {},
  };
  const send = async (
    kind: 'customers' | 'mappings',
    act: string,
    fields: Record<string, string>,
    posts: Record<string, unknown> = answers,
  ) => {
    const { api, posted } = recorder({
      posts,
      gets: { [`/api/v1/${kind}/{id}/explain`]: { ...all, customer: null } },
    });
    const route = pairActs.find(({ path }) => path === `/${kind}/:id/:act`);
    const params = { id: kind === 'customers' ? '42' : '7', act };
    const about = seen(`/console/${kind}/${params.id}/${act}`, { params });
    const form = new URLSearchParams(fields);
    const { once, me, query } = about;
    const made = await route?.act({ api, params, query, now: NOW, me, form, once }, about);
    const [post] = posted;
    return { made, post: post && [post.path, post.of, post.body], posted };
  };
  const hidden = { mapping: '7', system: 'stripe' };

  it('posts what the page showed, and goes back to the customer', async () => {
    const link = '/api/v1/customers/{id}/link';
    const [resolve, of] = ['/api/v1/mappings/{id}/resolve', { id: '7' }];
    const why = { reason: 'asked for' };
    for (const [act, fields, post] of [
      ['choose', { record: 'cus_new' }, [link, { id: '42' }, { system: 'stripe', external_id: 'cus_new' }]],
      ['create', {}, [link, { id: '42' }, { system: 'stripe', external_id: null }]],
      ['accept-deletion', {}, ['/api/v1/customers/{id}/accept-deletion', { id: '42' }, {}]],
      ['consent', {}, ['/api/v1/mappings/{id}/link', of, {}]],
      ['recreate', why, [resolve, of, { action: 'recreate', ...why }]],
      ['let-go', why, [resolve, of, { action: 'let_go', ...why }]],
      [
        'record',
        { ...why, record: ' cus_x ' },
        [resolve, of, { action: 'record', external_id: 'cus_x', ...why }],
      ],
      ['pause', why, ['/api/v1/lanes/{system}/pause', { system: 'stripe' }, { customer: 42, ...why }]],
      ['resume', why, ['/api/v1/lanes/{system}/resume', { system: 'stripe' }, { customer: 42, ...why }]],
    ] as const) {
      const done = await send('customers', act, { ...hidden, ...fields });
      expect(done.post, act).to.deep.equal(post);
      expect(done.made, act).to.equal('/console/customers/42');
      expect(done.posted[0]?.once).to.equal('a'.repeat(24));
    }
  });

  it('never pauses a whole system for want of a customer', async () => {
    for (const act of ['pause', 'resume', 'choose', 'create', 'accept-deletion', 'nonsense']) {
      const { made, posted } = await send('mappings', act, hidden);
      expect(posted, act).to.deep.equal([]);
      expect(made, act).to.have.property('status', 404);
    }
    expect((await send('mappings', 'let-go', hidden)).made).to.equal('/console/mappings/7');
  });

  it('shows the page again where the API refuses, with what was typed', async () => {
    const refusal = new ApiError(409, {
      code: 'cannot_resolve',
      title: 'Not possible',
      detail: 'It is linked.',
    });
    const typed = { ...hidden, record: 'cus_typed', reason: 'because "so"' };
    const { made } = await send('customers', 'record', typed, { '/api/v1/mappings/{id}/resolve': refusal });
    if (typeof made !== 'object') throw new Error('the act went on');
    expect(made.status).to.equal(409);
    expect(shown(made)).to.include('Not possible. It is linked.');
    expect(drawn(made)).to.include('value="cus_typed"').and.include('because &quot;so&quot;');
  });
});

describe('the page of a pair', () => {
  const about = seen('/console/mappings/7', { params: { id: '7' } });

  it('explains a pair that has no customer, with what can be done', () => {
    const alone = pair({ customer: null, known_email: 'ada@example.org', can_do: can('link 7') });
    const view = mappingView({ ...explanation(alone), customer: null }, about);
    expect(shown(view)).to.include('ada@example.org').and.include('It waits.');
    expect(drawn(view)).to.include('href="/console/mappings/7/consent?mapping=7"');
  });

  it('leads to the customer where there is one', () => {
    expect(mappingView(all, about).instead).to.equal('/console/customers/42');
  });
});
