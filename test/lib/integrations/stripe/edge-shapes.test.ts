import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { ACCOUNT, ALL_CALLS, BY_EMAIL, CREATE, CUSTOMER, DELETE, DELETED } from './edge-calls.ts';
import { EVENT, EVENTS, IDENTIFY, LIST, LISTS, listOf, READS, UPDATE } from './edge-calls.ts';
import { expectUnknown, expectUnknownAt, failed, interceptStripe, type EdgeAnswer } from './edge.ts';

const OTHER = { object: 'charge', id: 'ch_1', created: 1_700_000_000, name: 'Ada', email: null };

describe('an answer of Stripe with a body of another shape', () => {
  const edge = interceptStripe();

  const SHAPES: [string, EdgeAnswer['body']][] = [
    ['an empty body', ''],
    ['blanks', ' \r\n'],
    ['null', 'null'],
    ['a number', '7'],
    ['a string', '"cus_edge"'],
    ['an array', [CUSTOMER]],
    ['an empty array', []],
    ['an empty object', {}],
    ['an object of another type', OTHER],
    ['an object of a type that nothing names', { id: CUSTOMER.id, created: 1_700_000_000 }],
    ['half a body', JSON.stringify(CUSTOMER).slice(0, 60)],
    ['two bodies in one', JSON.stringify(CUSTOMER).repeat(2)],
    ['a body behind a guard', `)]}',\n${JSON.stringify(CUSTOMER)}`],
    ['a body behind a byte order mark', `\ufeff${JSON.stringify(CUSTOMER)}`],
    ['bytes that are no text', Buffer.from('ff00fe7b7d', 'hex')],
  ];
  for (const [says, body] of SHAPES) {
    it(`${says} is not accepted for any call`, () => expectUnknownAt(edge, ALL_CALLS, { body }));
  }

  it('that is compressed without request is not accepted, broken or whole', async () => {
    for (const kind of ALL_CALLS) {
      const whole = gzipSync(JSON.stringify(kind.good));
      for (const body of [whole, whole.subarray(0, 20), Buffer.from('1f8b0800ffff', 'hex')]) {
        await expectUnknownAt(edge, [kind], { headers: { 'content-encoding': 'gzip' }, body });
      }
    }
  });

  it('is an account only with an id; otherwise the account of the key stays unknown', async () => {
    const accounts = [
      { ...ACCOUNT, object: 'customer' },
      { ...ACCOUNT, id: '' },
      { ...ACCOUNT, id: 7 },
    ];
    for (const body of [...accounts, { id: 'acct_edge' }, CUSTOMER]) {
      await expectUnknownAt(edge, [IDENTIFY], { body });
    }
  });

  it('with another customer than requested is neither a read, nor a delete, nor an answer to a write', async () => {
    for (const id of ['cus_other', 'CUS_EDGE', 'cus_edge ', '', null, 7]) {
      await expectUnknownAt(edge, [...READS, UPDATE], { body: { ...CUSTOMER, id } });
      await expectUnknownAt(edge, [...READS, DELETE], { body: { ...DELETED, id } });
    }
    const { metadata } = CUSTOMER;
    for (const body of [
      { ...CUSTOMER, metadata: {} },
      { ...CUSTOMER, metadata: { ...metadata, twinbox_testtest: 'tag-2' } },
    ]) {
      await expectUnknownAt(edge, [CREATE], { body });
    }
  });

  it('is a deletion only where a customer is explicitly called deleted', async () => {
    const { id } = CUSTOMER;
    for (const body of [
      { id, deleted: true },
      { ...DELETED, object: 'product' },
      { ...DELETED, deleted: 'true' },
      { ...DELETED, deleted: 1 },
      { ...DELETED, deleted: null },
      { object: 'customer', deleted: true },
    ]) {
      await expectUnknownAt(edge, [...READS, DELETE], { body });
    }
    await expectUnknownAt(edge, [DELETE], { body: CUSTOMER });
    await expectUnknownAt(edge, [CREATE, UPDATE], { body: DELETED });
    for (const kind of READS) {
      expect(await edge.meet(kind, { body: DELETED })).to.have.nested.property('answer.state', 'erased');
    }
  });

  it('is a list only with data and a stated end; otherwise no record counts as absent', async () => {
    for (const kind of LISTS) {
      const good = kind.good as { object: string; data: unknown[] };
      for (const body of [
        { ...good, object: 'customer' },
        { ...good, object: undefined },
        { ...good, data: undefined },
        { ...good, data: null },
        { ...good, data: {} },
        { ...good, data: [null] },
        { ...good, data: ['cus_edge'] },
        { ...good, data: [OTHER] },
        { ...good, data: [[]] },
        { ...good, has_more: undefined },
        { ...good, has_more: 'false' },
        { ...good, has_more: null },
      ]) {
        await expectUnknownAt(edge, [kind], { body });
      }
      expect(await edge.meet(kind, { body: { ...good, data: [] } }), kind.says).to.have.property('answer');
    }
  });

  it('that promises more pages and gives no cursor does not end a list', async () => {
    for (const kind of [LIST, EVENTS]) {
      await expectUnknownAt(edge, [kind], { body: { ...listOf([]), has_more: true } });
      const undated = { ...(kind === LIST ? CUSTOMER : EVENT), created: null };
      await expectUnknownAt(edge, [kind], { body: { ...listOf([undated]), has_more: true } });
    }
  });

  it('with a customer of another email than requested leads to no link', async () => {
    for (const email of ['eve@example.com', null]) {
      await expectUnknownAt(edge, [BY_EMAIL], { body: listOf([CUSTOMER, { ...CUSTOMER, email }]) });
    }
    const body = listOf([{ ...CUSTOMER, email: 'Ada@Example.com' }]);
    expect(await edge.meet(BY_EMAIL, { body })).to.have.nested.property('answer.length', 1);
  });

  it('with invalid subscriptions holds a delete back, and is an unreadable record', async () => {
    const [, forDelete, withUse] = READS;
    const list = CUSTOMER.subscriptions;
    for (const subscriptions of [
      null,
      7,
      [],
      {},
      { ...list, object: 'customer' },
      { ...list, data: null },
      { ...list, has_more: undefined },
      { ...list, data: [null] },
      { ...list, data: [{ status: 7 }] },
      { ...list, data: [{}] },
    ]) {
      const body = { ...CUSTOMER, subscriptions };
      const says = JSON.stringify(subscriptions);
      const outcome = await edge.meet(forDelete!, { body });
      if ('answer' in outcome) {
        expect(outcome, says).to.have.nested.property('answer.blocksDelete').that.is.a('string');
      } else expectUnknown(outcome, says);
      expectUnknown(await edge.meet(withUse!, { body }), says);
    }
  });

  it('cannot pass for an internal error of ours', async () => {
    const own = { sendFailure: { code: 'ECONNREFUSED', sent: false } };
    const body = {
      error: {
        type: 'api_error',
        twinbox: 'unsendable',
        detail: own,
        exception: { foreignAnswer: { status: 404, headers: {} }, ...own },
      },
    };
    for (const kind of ALL_CALLS) {
      const failure = failed(await edge.meet(kind, { status: 500, body }));
      expect(failure, kind.says).to.include({ kind: 'indeterminate', status: 500, nothingHappened: false });
    }
  });
});
