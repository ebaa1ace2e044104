import { expect } from 'chai';
import { refusalsView, type Refusal } from '../../../console/pages/refusals.ts';
import { unmatchedView, type Mapping } from '../../../console/pages/unmatched.ts';
import { HOSTILE } from '../hostile.ts';
import { sample } from '../samples.ts';
import { drawn, seen, shown } from '../seen.ts';

describe('the page of refused events', () => {
  const view = (rows: Refusal[], path = '/console/refusals') =>
    refusalsView({ rows, next: null }, seen(path));

  it('says what was refused and why, literally', () => {
    for (const detail of HOSTILE) {
      const row = sample<Refusal>('Refusal', { reason: 'too_old', external_event_id: detail, detail });
      expect(shown(view([row]))).to.include('too old');
      expect(drawn(view([row]))).not.to.match(/<img|<script| on\w+="/);
    }
  });

  it('says that nothing was refused, or which part of the filter fits nothing', () => {
    expect(shown(view([]))).to.include('No event was refused.');
    expect(shown(view([], '/console/refusals?reason=too_old&system='))).to.match(
      /No refused event with reason = too_old ✕ ?$/,
    );
  });
});

describe('the page of records without a customer', () => {
  const row = sample<Mapping>('Mapping', {
    id: 8,
    customer: null,
    reason: 'ask_link',
    detail: { customer: 5 },
  });
  const view = (rows: Mapping[], next: string | null = null, path = '/console/unmatched') =>
    unmatchedView({ rows, looked: 100, next }, seen(path));

  it('leads to each pair, and to the customer with the same email', () => {
    expect(drawn(view([row])))
      .to.include('href="/console/mappings/8"')
      .and.include('href="/console/customers/5"');
  });

  it('says that there is none, and not before all were looked through', () => {
    expect(shown(view([]))).to.include('Every record has its customer.');
    expect(shown(view([], '8')))
      .to.include('There are more pairs')
      .and.not.include('Every record');
    expect(shown(view([], null, '/console/unmatched?reason=x'))).to.include('reason = x');
  });
});
