import { expect } from 'chai';
import { linkPlanView, type LinkPlanData } from '../../../console/pages/link-plan.ts';
import { linkView, type LinkStanding } from '../../../console/pages/link.ts';
import type { LinkPlan } from '../../../console/link-words.ts';
import { HOSTILE } from '../hostile.ts';
import { sample } from '../samples.ts';
import { actsIn, drawn, seen, shown } from '../seen.ts';

const PATH = '/console/link/x';
const plan = (instead: Partial<LinkPlan>): LinkPlan => sample<LinkPlan>('LinkPlan', instead);
const data = (instead: Partial<LinkPlan>, refusal: LinkPlanData['refusal'] = null): LinkPlanData => ({
  ...{ plan: plan(instead), typed: { reason: '', records: 'wait' }, refusal },
});
const textOf = (instead: Partial<LinkPlan>) => shown(linkPlanView(data(instead), seen(PATH)));
const planned = (instead: Partial<NonNullable<LinkPlan['plan']>>): LinkPlan['plan'] => ({
  ...{ lines: [], customers: 0, records_undecided: 0, calls: 0, seconds: 0, ...instead },
});
const run: NonNullable<LinkPlan['run']> = {
  ...{ actor: 'Ada', reason: 'looked at it', records: 'leave', asked_at: '2026-11-29T08:01:58.570Z' },
  ...{ customers: 4, records_raised: 2, records_decided: 3, to_carry_out: 1 },
};

describe('the page of a first link', () => {
  it('says how far a worker is, and why a reading failed', () => {
    expect(textOf({ state: 'waiting', plan: null })).to.include('No worker has begun');
    expect(textOf({ state: 'reading', plan: null, read: 300 })).to.include('300 records so far');
    const failure = { code: 'paused', detail: 'stripe is paused: prices move.' };
    expect(textOf({ state: 'failed', plan: null, failure }))
      .to.include('Nothing was changed. paused stripe is paused: prices move.')
      .and.include('Have both sides read again');
  });

  it('shows each line with examples, and the choices where records are left open', () => {
    const ready = textOf({ state: 'ready', plan: planned({ customers: 2, records_undecided: 3 }) });
    expect(ready)
      .to.include('3 records without a customer')
      .and.include('Leave them')
      .and.include('Link 2 customers');
    expect(textOf({ state: 'ready', plan: planned({ customers: 2 }) })).not.to.include('Leave them');
    expect(textOf({ state: 'ready' })).to.match(/1 pairs by their email customer 1 +– cus_N/);
    const nothing = data({ state: 'ready', plan: planned({}) });
    expect(shown(linkPlanView(nothing, seen(PATH)))).to.include('There is nothing to consent to.');
    expect(actsIn(linkPlanView(nothing, seen(PATH)))).to.deep.equal([]);
  });

  it('says what was stored, what was decided, and what is left for workers', () => {
    expect(textOf({ state: 'done', plan: planned({ customers: 4 }), run }))
      .to.include('Consent is stored for 4 of 4 customers')
      .and.include('Left without a customer: 3 records.')
      .and.include('1 customer at this system is still to be linked');
    expect(textOf({ state: 'done', run: { ...run, to_carry_out: 0 } })).to.include('every consent');
  });

  it('says what has changed where a plan is out of date', () => {
    const changed = {
      ...{ customers: 1, examples: [{ customer: 7, record: 'cus_1' }] },
      lines: [{ says: 'pairs by their email', before: 0, after: 1 }],
    };
    expect(textOf({ state: 'stale', changed }))
      .to.include('Nothing was stored')
      .and.match(/1 customer with another outcome ?: customer 7 +– cus_1/)
      .and.include('pairs by their email : 0, and now 1');
  });

  it('has no form for a viewer or an editor', () => {
    for (const scope of ['viewer', 'editor'] as const) {
      const view = linkPlanView(data({ state: 'ready' }), seen(PATH, { scope }));
      expect(actsIn(view), scope).to.deep.equal([]);
      expect(shown(view)).to.include('A person with the scope operator can consent.');
    }
    expect(actsIn(linkPlanView(data({ state: 'ready', id: 'x' }), seen(PATH)))).to.deep.equal([PATH]);
  });

  it('shows hostile texts literally', () => {
    for (const text of HOSTILE) {
      const line = { outcome: 'stays' as const, count: 1, says: text };
      const made: Partial<LinkPlan> = {
        ...{ system: text, actor: text, id: 'x' },
        plan: planned({ lines: [{ ...line, examples: [{ customer: null, record: text }] }], customers: 1 }),
        failure: { code: text, detail: text },
        changed: { customers: null, examples: [], lines: [{ says: text, before: 0, after: 1 }] },
        run: { ...run, actor: text, reason: text },
      };
      for (const state of ['waiting', 'failed', 'stale', 'ready', 'done'] as const)
        expect(drawn(linkPlanView(data({ ...made, state }), seen(PATH)))).not.to.match(
          /<img|<script| on\w+="/,
        );
    }
  });
});

describe('the page of what waits for a first link', () => {
  const standing = (instead: Partial<LinkStanding>): LinkStanding => ({
    ...{ system: 'stripe', customers: 0, records_undecided: 0, newest: null, ...instead },
  });

  it('counts what waits at each system, with the button for a person who may', () => {
    const waiting = standing({ customers: 12, records_undecided: 1 });
    const view = linkView([waiting], seen('/console/link'));
    expect(shown(view)).to.include('12 customers wait for their first link').and.include('1 record without');
    expect(actsIn(view)).to.deep.equal(['/console/link']);
    expect(actsIn(linkView([waiting], seen('/console/link', { scope: 'viewer' })))).to.deep.equal([]);
  });

  it('says that nothing waits', () => {
    const view = linkView([standing({})], seen('/console/link'));
    expect(shown(view)).to.include('Nothing waits for a link.');
    expect(actsIn(view)).to.deep.equal([]);
  });
});
