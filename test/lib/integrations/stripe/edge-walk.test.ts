import { expect } from 'chai';
import type { Integration } from '../../../../lib/integrations/integration.ts';
import { CUSTOMER, drain, EVENT, EVENTS, LIST, listOf, type CallKind } from './edge-calls.ts';
import { expectUnknown, failed, interceptStripe, type EdgeAnswer } from './edge.ts';

const GONE = { error: { type: 'invalid_request_error', code: 'resource_missing', param: 'starting_after' } };

/** A page of objects made in the seconds given, the first of them with the newest id. */
function page(kind: CallKind, ids: string[], created = 1_700_000_000, more = true): EdgeAnswer {
  const sample = kind === LIST ? CUSTOMER : EVENT;
  return { body: { ...listOf(ids.map((id) => ({ ...sample, id, created }))), has_more: more } };
}

describe('a walk through pages of Stripe', () => {
  const edge = interceptStripe();

  it('is not complete where a page of a proxy, with 403, comes in the place of the test clocks', async () => {
    const all = { ...LIST, call: (stripe: Integration) => drain(stripe.list({})) };
    const last = page(LIST, ['a'], 20, false);
    const blocked = { status: 403, headers: { 'content-type': 'text/html' }, body: '<html>' };
    expectUnknown(await edge.meet(all, last, blocked), 'a page in the place of the clocks');
    const error = { type: 'invalid_request_error', message: 'no right' };
    const outcome = await edge.meet(all, last, { status: 403, body: { error } });
    expect(outcome).to.have.property('answer');
  });

  for (const kind of [LIST, EVENTS]) {
    describe(kind.says, () => {
      it('continues from the last of a page', async () => {
        const outcome = await edge.meet(
          kind,
          page(kind, ['a', 'b'], 20),
          page(kind, ['c'], 10),
          page(kind, [], 0, false),
        );
        expect(outcome).to.have.nested.property('answer.length', 3);
        const cursors = edge.asked().map((url) => new URL(url).searchParams.get('starting_after'));
        expect(cursors).to.deep.equal([null, 'b', 'c']);
      });

      it('is not complete where a page in the middle cannot be accepted', async () => {
        const first = page(kind, ['a'], 20);
        for (const second of [
          { status: 502, body: '<html>' },
          { status: 206, body: listOf([]) },
          { body: { object: 'list', data: [] } },
          { body: '{"object":"list","data":[' },
          { status: 404, body: GONE, headers: { 'content-type': 'text/html' } },
        ]) {
          expectUnknown(await edge.meet(kind, first, second), JSON.stringify(second));
          expect(edge.asked()).to.have.length(2);
        }
      });

      it('starts again from the time of its last page where the cursor is gone', async () => {
        const outcome = await edge.meet(
          kind,
          page(kind, ['a', 'b'], 20),
          { status: 404, body: GONE },
          page(kind, ['a', 'c'], 20, false),
        );
        expect(outcome).to.have.nested.property('answer.length', 2);
        const bounds = edge.asked().map((url) => new URL(url).searchParams.get('created[lte]'));
        expect(bounds).to.deep.equal([null, '20', '20']);
      });

      it('ends where two pages follow each other for ever', async () => {
        const two = [page(kind, ['a'], 20), page(kind, ['b'], 10)];
        const outcome = await edge.meet(kind, ...Array.from({ length: 20 }, () => two).flat());
        expect(failed(outcome)).to.include({ kind: 'indeterminate', code: 'unexpected_answer' });
        expect(edge.asked().length).to.be.below(6);
      });

      it('ends where the list keeps giving a cursor that is refused', async () => {
        const pair = [page(kind, ['a', 'b'], 20), { status: 404, body: GONE }];
        const outcome = await edge.meet(kind, ...Array.from({ length: 20 }, () => pair).flat());
        expect(failed(outcome)).to.include({ kind: 'indeterminate', code: 'unexpected_answer' });
        expect(edge.asked().length).to.be.below(6);
      });
    });
  }
});
