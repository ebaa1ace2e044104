import { expect } from 'chai';
import { ApiError } from '../../../console/api.ts';
import type { Conflict } from '../../../console/conflict-words.ts';
import { conflictActs, conflictView, type Previewed } from '../../../console/pages/conflict.ts';
import { conflictsView } from '../../../console/pages/conflicts.ts';
import { HOSTILE } from '../hostile.ts';
import { recorder } from '../recorder.ts';
import { sample } from '../samples.ts';
import { actsIn, drawn, NOW, seen, shown } from '../seen.ts';

const ID = '01a22b59-ee8b-7f69-8e3e-545be08f6279';
const values = { base: 'Ada', ours: 'Ada King', theirs: 'Ada Byron', field: 'name', kind: 'both_moved' };
const one = (instead: object = {}): Conflict =>
  sample<Conflict>('Conflict', {
    ...{ id: ID, customer: 42, system: 'stripe', rule: 'internal_wins', winner: 'ours' },
    ...{ reversed_at: null, note: null, reversible: true, ...values, ...instead },
  });
const previewed = (preview: Partial<Previewed['preview']>, instead: object = {}): Previewed => ({
  ...one(instead),
  preview: { outcome: 'reversed', here: null, there: [], ...preview },
});
const wouldReverse = previewed({
  here: { customer: 42, field: 'name', from: 'Ada King', to: 'Ada Byron' },
  there: [{ system: 'stripe', mapping: 7, external_id: 'cus_1', effect: { would: 'update' } }],
});
const pageOf = (conflict: Previewed, more: Parameters<typeof seen>[1] = {}) =>
  conflictView({ conflict, others: [] }, seen(`/console/conflicts/${ID}`, more));

describe('the conflicts page of the console', () => {
  const list = (rows: Conflict[], path = '/console/conflicts', since: string | null = null) =>
    conflictsView({ rows, next: null, since }, seen(path));

  it('shows what was kept and what was given up, each a link to more', () => {
    const view = list([one(), one({ id: 'b', winner: 'neither', kind: 'cannot_take', reversible: false })]);
    expect(shown(view)).to.match(/name 42 stripe Ada King Ada Byron internal_wins can be reversed/);
    expect(shown(view)).to.include('both left as they are');
    expect(drawn(view)).to.include(`href="/console/conflicts/${ID}"`);
  });

  it('says since when both sides have never disagreed', () => {
    expect(shown(list([], '/console/conflicts', '2026-11-01T00:00:00Z'))).to.include(
      'Both sides have never disagreed since 1 November.',
    );
    expect(shown(list([]))).to.include('there are no customers yet');
  });

  it('filters in the words of the API, and drops a part that fits nothing', () => {
    const view = list([], '/console/conflicts?customer=42&kind=&reversed=false');
    expect(shown(view)).to.include('No conflict with customer = 42').and.not.include('kind =');
    expect(view.same).to.deep.equal({
      cli: 'conflicts list --customer 42 --no-reversed',
      api: '/api/v1/conflicts?customer=42&reversed=false',
    });
  });

  it('shows hostile values literally', () => {
    for (const hostile of HOSTILE) {
      const rows = [one({ ours: hostile, theirs: `${hostile}x`, base: hostile })];
      const page = drawn(list(rows)) + drawn(pageOf({ ...wouldReverse, ...rows[0] }));
      expect(page).not.to.match(/<img|<script| on\w+="|\u202e|\u200f\u200f/);
    }
  });
});

describe('the page of one conflict', () => {
  it('shows both sides, and what reversing it would write, before the form that does it', () => {
    const view = pageOf(wouldReverse);
    expect(shown(view))
      .to.match(/name Ada Ada King Ada Byron Ada King internal_wins/)
      .and.match(/in our table, customer 42: name Ada King → Ada Byron/)
      .and.match(/at Stripe cus_1 ?, after that: write what is newer to the record/);
    expect(actsIn(view)).to.deep.equal([`/console/conflicts/${ID}/reverse`]);
    expect(drawn(view).indexOf('would write')).to.be.lessThan(drawn(view).indexOf('<form'));
  });

  it('shows the fields that were decided with it', () => {
    const others = [one({ id: 'b', field: 'email', ours: 'a@b', theirs: 'c@d' })];
    const view = conflictView({ conflict: wouldReverse, others }, seen('/console/conflicts/a'));
    expect(shown(view)).to.include('email');
    expect(drawn(view)).to.include('href="/console/conflicts/b"');
  });

  it('says that two values only look the same', () => {
    expect(shown(pageOf(previewed({}, { ours: 'Grace', theirs: 'Gr\u0430ce' })))).to.include(
      'look the same and are not',
    );
  });

  it('has no form for who may not act, and says why it cannot be reversed instead', () => {
    expect(actsIn(pageOf(wouldReverse, { scope: 'editor' }))).to.deep.equal([]);
    for (const [outcome, says] of [
      ['overtaken', 'no longer holds the value'],
      ['duplicate_email', 'another customer has this email'],
      ['refused', 'a rule of the table refuses'],
      ['contended', 'Load the page again'],
      ['reversed_already', 'To go back, change the customer'],
      ['cannot_reverse', 'cannot be reversed'],
    ] as const) {
      const view = pageOf(previewed({ outcome }));
      expect(shown(view), outcome).to.include(says);
      expect(actsIn(view), outcome).to.deep.equal([]);
    }
  });

  const send = async (answer: unknown) => {
    const { api, posted } = recorder({
      gets: {
        '/api/v1/conflicts/{id}': previewed({ outcome: 'overtaken' }),
        '/api/v1/conflicts': [],
      },
      posts: { '/api/v1/conflicts/{id}/reverse': answer },
    });
    const [act] = conflictActs;
    const about = seen(`/console/conflicts/${ID}/reverse`, { params: { id: ID } });
    const { once, me } = about;
    const made = await act?.act(
      {
        api,
        params: { id: ID },
        query: new URLSearchParams(),
        now: NOW,
        me,
        form: new URLSearchParams({ reason: ' it was asked for ' }),
        once,
      },
      about,
    );
    return { made, posted };
  };

  it('reverses once, and goes to the customer', async () => {
    const { made, posted } = await send({ outcome: 'reversed', conflict: one(), customer: { id: 42 } });
    expect(made).to.equal('/console/customers/42');
    expect(posted).to.deep.equal([
      {
        path: '/api/v1/conflicts/{id}/reverse',
        of: { id: ID },
        body: { reason: 'it was asked for' },
        once: 'a'.repeat(24),
      },
    ]);
  });

  it('shows how it stands where a later edit came first', async () => {
    const { made } = await send(
      new ApiError(409, { code: 'overtaken', title: 'A later edit has replaced the value', detail: 'Look.' }),
    );
    if (typeof made !== 'object') throw new Error('the act went on');
    expect(made.status).to.equal(409);
    expect(shown(made)).to.include('A later edit has replaced the value').and.include('no longer holds');
  });
});
