import { expect } from 'chai';
import { ApiError } from '../../../console/api.ts';
import { comparisonActs, comparisonView, type Comparison } from '../../../console/pages/comparison.ts';
import { HOSTILE } from '../hostile.ts';
import { recorder } from '../recorder.ts';
import { sample } from '../samples.ts';
import { actsIn, drawn, seen, shown } from '../seen.ts';

type System = Comparison['systems'][number];
type Pair = System['pairs'][number];

const pair = (instead: Partial<Pair>): Pair => ({
  ...{ mapping: 7, external_id: 'cus_1', kind: 'agree', why: null, fields: [], ...instead },
});
const comparison = (instead: Partial<System>): Comparison => {
  const made = sample<Comparison>('Comparison', { customer: 42 });
  const [system] = made.systems;
  if (!system) throw new Error('the document has no system');
  return { ...made, systems: [{ ...system, system: 'stripe', ...instead }] };
};
const PATH = '/console/comparisons/x';
const textOf = (instead: Partial<System>) => shown(comparisonView(comparison(instead), seen(PATH)));

describe('the page of a comparison', () => {
  it('says that both sides agree, or which fields differ', () => {
    expect(textOf({ verdict: 'agree', pairs: [pair({})] }))
      .to.include('both sides agree')
      .and.include('cus_1 agrees');
    const differs = textOf({
      verdict: 'differ',
      pairs: [pair({ kind: 'drift', why: 'name,email', fields: ['name', 'email'] })],
    });
    expect(differs)
      .to.include('they differ')
      .and.match(/What differs: name ?, email/);
    expect(differs).not.to.include('(name,email)');
  });

  it('says why a pair is set aside, why a system was not asked, and what was not found', () => {
    const parked = pair({ kind: 'parked', why: 'permanent', fields: ['email'] });
    expect(textOf({ verdict: 'not_certain', pairs: [parked] }))
      .to.include('is parked: a person has to look ( permanent )')
      .and.include('What differs: email');
    const because = { code: 'paused', detail: 'stripe is paused: prices move.' };
    expect(textOf({ verdict: 'not_certain', because, pairs: [] }))
      .to.include('could not tell')
      .and.include('stripe is paused: prices move.');
    const missing = pair({ kind: 'missing', why: 'unknown_there', fields: null });
    expect(textOf({ verdict: 'missing', pairs: [missing] })).to.include('no proof of a deletion');
    const none = pair({ external_id: null, kind: 'pending', why: 'not_received', fields: null });
    expect(textOf({ verdict: 'not_certain', pairs: [none] })).to.include('No record at Stripe: a change');
  });

  it('does not say that a record was read where none was: a system is paused, or nothing is kept in step', () => {
    const because = { code: 'paused', detail: 'stripe is paused: prices move.' };
    expect(textOf({ verdict: 'not_certain', because, pairs: [] })).not.to.include('was read');
    expect(textOf({ verdict: 'set_aside', because: null, pairs: [] }))
      .to.include('no record counts')
      .and.include('so nothing was read');
  });

  it('tells an answer that may still come from one that will not', () => {
    const silent = { verdict: null, answered_at: null, pairs: [] };
    expect(textOf({ ...silent, state: 'open' })).to.include('no answer yet');
    expect(textOf({ ...silent, state: 'unanswered' })).to.include('no answer came');
  });

  it('has the button to compare again for a person who may, and nothing for a viewer', () => {
    const actsOf = (scope: 'viewer' | 'editor' | 'operator') =>
      actsIn(comparisonView(comparison({}), seen(PATH, { scope })));
    expect(actsOf('operator')).to.deep.equal(['/console/customers/42/compare']);
    expect([actsOf('viewer'), actsOf('editor')]).to.deep.equal([[], []]);
    expect(comparisonView(comparison({}), seen(PATH)).same?.cli).to.equal('verify --customer 42');
  });

  it('shows hostile texts literally', () => {
    for (const text of HOSTILE) {
      const found = comparison({
        ...{ system: text, because: { code: text, detail: text } },
        pairs: [pair({ external_id: text, kind: 'drift', why: text, fields: [text] })],
      });
      expect(drawn(comparisonView({ ...found, actor: text }, seen(PATH)))).not.to.match(
        /<img|<script| on\w+="/,
      );
    }
  });
});

describe('the act that compares', () => {
  const send = async (answer: unknown) => {
    const { api, posted } = recorder({ posts: { '/api/v1/customers/{id}/compare': answer } });
    const params = { id: '42' };
    const about = seen('/console/customers/42/compare', { params });
    const [act] = comparisonActs;
    if (!act) throw new Error('no act');
    const to = await act.act({ ...about, api, form: new URLSearchParams(), once: 'once-1' }, about);
    return { to, posted };
  };

  it('leads to what was found, and sends the key of its form', async () => {
    const { to, posted } = await send({ id: 'abc' });
    expect(to).to.equal('/console/comparisons/abc');
    expect(posted).to.deep.equal([
      { path: '/api/v1/customers/{id}/compare', of: { id: '42' }, body: {}, once: 'once-1' },
    ]);
  });

  it('leads to the same page where no answer has come in time, and leaves other refusals alone', async () => {
    const late = new ApiError(504, { code: 'system_silent', comparison: { id: 'abc' } });
    expect((await send(late)).to).to.equal('/console/comparisons/abc');
    const gone = new ApiError(404, { code: 'customer_not_found' });
    const error = await send(gone).catch((thrown: unknown) => thrown);
    expect(error).to.equal(gone);
  });
});
