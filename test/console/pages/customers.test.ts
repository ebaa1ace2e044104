import { expect } from 'chai';
import { html } from '../../../console/html.ts';
import { layout } from '../../../console/layout.ts';
import { customersPage, customersView, type Customer } from '../../../console/pages/customers.ts';
import { fakeApi } from '../fake-api.ts';
import { HOSTILE } from '../hostile.ts';
import { sample } from '../samples.ts';
import { NOW, drawn, seen, shown } from '../seen.ts';

const rows = (count: number): Customer[] =>
  Array.from({ length: count }, (_, at) =>
    sample<Customer>('Customer', { id: at + 1, name: `Customer ${at}` }),
  );

describe('the page of customers', () => {
  it('has a row for each, with a pill for each system, and leads to the next page', () => {
    const view = customersView({ rows: rows(2), next: '2' }, seen('/console/customers?limit=2'));
    expect(shown(view)).to.include('Customer 0').and.include('on its way').and.include('stripe');
    expect(drawn(view)).to.include('href="/console/customers?limit=2&amp;after=2"');
    expect(view.same?.api).to.equal('/api/v1/customers/by-need?limit=2');
  });

  it('asks first for those that need a person, and with a filter for those that fit', async () => {
    const { api, asked } = fakeApi({ '/api/v1/customers/by-need': rows(1), '/api/v1/customers': rows(1) });
    for (const query of [
      '',
      '?after=0.0.7.abc&email=',
      '?email=a%40b',
      '?updated_since=2026-11-30T06:00:00Z',
    ]) {
      const known = seen(`/console/customers${query}`);
      await customersPage.answer({ ...known, api }, known);
    }
    expect(asked.map(({ path, query }) => [path, query])).to.deep.equal([
      ['/api/v1/customers/by-need', {}],
      ['/api/v1/customers/by-need', { after: '0.0.7.abc' }],
      ['/api/v1/customers', { email: 'a@b' }],
      ['/api/v1/customers', { updated_since: '2026-11-30T06:00:00Z' }],
    ]);
  });

  it('says what to do where there is none, and which parts of a filter match nothing', () => {
    expect(shown(customersView({ rows: [], next: null }, seen('/console/customers')))).to.include(
      'No customers yet',
    );
    const none = customersView({ rows: [], next: null }, seen('/console/customers?email=a%40b'));
    expect(shown(none)).to.include('No customer with email = a@b');
    expect(drawn(none)).to.include('href="/console/customers"');
  });

  it('shows every name literally', () => {
    for (const name of HOSTILE) {
      const page = drawn(
        customersView(
          { rows: [sample<Customer>('Customer', { name, email: name })], next: null },
          seen('/console/customers'),
        ),
      );
      expect(page).not.to.match(/<img|<script| on\w+="|\u202e|\u200f\u200f/);
      expect(page.length).to.be.lessThan(5_000);
    }
  });

  it('has 50 rows in less than 60 kB', () => {
    const view = customersView({ rows: rows(50), next: '50' }, seen('/console/customers'));
    const frame = {
      me: null,
      path: '',
      address: '',
      nav: [],
      attention: null,
      environment: 'test',
      theme: 'auto',
      token: '',
      requestId: '',
      assets: { css: '', js: [] },
      q: '',
      now: NOW,
    } as const;
    expect(html`${layout(frame, view)}`.toString().length).to.be.lessThan(60_000);
  });
});
