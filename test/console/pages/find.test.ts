import { expect } from 'chai';
import { findView, type Found } from '../../../console/pages/find.ts';
import { seen, shown } from '../seen.ts';

const view = (q: string, found: Found['found'], tried: string[] = []) =>
  findView({ q, answer: { found, tried }, refused: null }, seen(`/console/find?q=${q}`));

describe('the find page of the console', () => {
  it('goes straight to what alone has the id', () => {
    expect(view('42', [{ kind: 'customer', id: 42, path: '/customers/42' }]).instead).to.equal(
      '/console/customers/42',
    );
  });

  it('lists what has the same id', () => {
    const both = view('42', [
      { kind: 'customer', id: 42, path: '/customers/42' },
      { kind: 'replay', id: 42, path: '/replays/42' },
    ]);
    expect(both.instead).to.equal(undefined);
    expect(shown(both)).to.match(/customer\s+42\s+replay\s+42/);
  });

  it('says what was looked up where nothing has the id', () => {
    const nothing = view('zzz', [], ['the id of a record', 'a request']);
    expect(nothing.status).to.equal(404);
    expect(shown(nothing))
      .to.include('Nothing has the id zzz .')
      .and.include('the id of a record, a request');
  });

  it('says so where what was asked for has the form of no id', () => {
    expect(shown(view('customer 7', []))).to.include('No id has this form.');
  });

  it('says what can be asked for where nothing was', () => {
    expect(shown(findView({ q: '', answer: null, refused: null }, seen('/console/find')))).to.include(
      'Any id:',
    );
  });
});
