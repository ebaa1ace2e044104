import { expect } from 'chai';
import fc from 'fast-check';
import type { InboundEvent, Ingress } from '../../../../lib/integrations/integration.ts';
import { thinEvent } from '../../../../simulator/webhooks/thin-events.ts';
import { CUSTOMER, EVENT, THIN } from './events.ts';
import { TAG_KEY, openSimulator, type StripeHarness } from './harness.ts';
import { onlyEvent } from '../../../support/only-event.ts';

describe('an inbound event made from an event of Stripe', () => {
  let harness: StripeHarness;
  let ingress: Ingress;
  before(async () => {
    harness = await openSimulator();
    const found = harness.connect().ingress;
    if (found === undefined) throw new Error('Stripe sends webhooks');
    ingress = found;
  });
  after(() => harness.close());

  const normalise = (event: unknown): InboundEvent => {
    const normalised = onlyEvent(ingress, event);
    if (normalised === null) throw new Error('this is an event');
    return normalised;
  };
  const withData = (object: unknown, previous: unknown = {}): InboundEvent =>
    normalise({ ...EVENT, data: { object, previous_attributes: previous } });

  it('is complete for a snapshot', () => {
    expect(normalise(EVENT)).to.deep.equal({
      externalEventId: 'evt_1',
      kind: 'updated',
      type: 'customer.updated',
      externalId: 'cus_1',
      account: null,
      livemode: false,
      created: new Date(1_770_000_000_000),
      requestId: 'req_1',
      idempotencyKey: 'tb1:dev-abc:1',
      after: { name: 'Ada', email: 'ada@example.com', individual_name: null, business_name: null },
      ownerTag: null,
      foreignTag: false,
      previous: { name: 'Adele' },
      thin: false,
      snapshotEventId: null,
      unreadable: [],
    });
  });

  it('only names the customer for a thin event, with the previous values', () => {
    expect(normalise(THIN)).to.deep.equal({
      externalEventId: 'evt_thin_1',
      kind: 'updated',
      type: 'v1.customer.updated',
      externalId: 'cus_1',
      account: null,
      livemode: false,
      created: new Date('2026-02-02T02:40:00Z'),
      requestId: 'req_1',
      idempotencyKey: 'key-1',
      after: null,
      ownerTag: null,
      foreignTag: false,
      previous: { email: null },
      thin: true,
      snapshotEventId: 'evt_1',
      unreadable: [],
    });
    expect(normalise({ ...THIN, changes: undefined, reason: null })).to.include({
      previous: null,
      requestId: null,
    });
  });

  it('has no values after a deletion, only the previous ones, and the owner tag', () => {
    const object = { ...CUSTOMER, metadata: { [TAG_KEY]: 'ev-1' } };
    const event = normalise({ ...EVENT, type: 'customer.deleted', data: { object } });
    expect(event).to.deep.include({
      kind: 'deleted',
      externalId: 'cus_1',
      after: null,
      previous: { name: CUSTOMER.name, email: CUSTOMER.email },
      ownerTag: 'ev-1',
    });
  });

  it('distinguishes our owner tag from a foreign one', () => {
    expect(withData({ ...CUSTOMER, metadata: { twinbox_other: 'ev' } })).to.include({
      ownerTag: null,
      foreignTag: true,
    });
    expect(withData({ ...CUSTOMER, metadata: 'twinbox_other' })).to.include({
      ownerTag: null,
      foreignTag: false,
    });
  });

  it('is of an unknown kind where nothing is to be reconciled, and is still counted', () => {
    for (const type of [
      'customer.subscription.updated',
      'invoice.paid',
      'customer',
      'v1.customer.updated',
      'x',
    ]) {
      expect(normalise({ ...EVENT, type })).to.deep.include({
        kind: 'other',
        type,
        externalId: null,
        after: null,
      });
    }
    expect(normalise({ ...THIN, type: 'customer.updated' })).to.include({ kind: 'updated' });
    expect(normalise({ ...THIN, type: 'v1.customer.tax_id.created' })).to.include({ kind: 'other' });
  });

  it('names another account, in either of its forms', () => {
    expect(normalise({ ...EVENT, account: 'acct_other' })).to.include({ account: 'acct_other' });
    expect(normalise({ ...THIN, context: 'acct_other' })).to.include({ account: 'acct_other' });
    expect(normalise({ ...EVENT, account: null, context: null })).to.include({ account: null });
  });

  it('accepts requests in the form of older versions and of automatic changes', () => {
    expect(normalise({ ...EVENT, request: 'req_9' })).to.include({
      requestId: 'req_9',
      idempotencyKey: null,
    });
    expect(normalise({ ...EVENT, request: null })).to.include({ requestId: null, idempotencyKey: null });
    expect(normalise({ ...EVENT, request: { id: null } })).to.include({
      requestId: null,
      idempotencyKey: null,
    });
  });

  it('takes a missing name or email for no value', () => {
    expect(withData({ id: 'cus_1', object: 'customer' }).after).to.deep.equal({
      name: null,
      email: null,
      individual_name: null,
      business_name: null,
    });
  });

  it('leaves out unreadable values, and names them', () => {
    const event = withData({ ...CUSTOMER, name: 7, email: ['a'] }, { name: { was: 1 }, email: null });
    expect(event.after).to.equal(null, 'half a customer is not what it was after');
    expect(event.previous).to.deep.equal({ email: null });
    expect(event.unreadable).to.deep.equal(['after.name', 'after.email', 'previous.name']);
    expect(withData(CUSTOMER, 'name').unreadable).to.deep.equal(['previous.name', 'previous.email']);
    expect(withData([]).unreadable).to.deep.equal(['data.object', 'external_id']);
    expect(normalise({ ...EVENT, data: 3 })).to.deep.include({
      externalId: null,
      after: null,
      previous: null,
    });
  });

  it('keeps values of 256 characters and not of 100 kB', () => {
    const name = 'x'.repeat(256);
    expect(withData({ ...CUSTOMER, name }).after).to.include({ name });
    const event = withData({ ...CUSTOMER, name: 'x'.repeat(100_000), email: null, id: 'c'.repeat(100_000) });
    expect(event).to.deep.include({ externalId: null, unreadable: ['after.name', 'external_id'] });
  });

  it('holds nothing that Postgres cannot store', () => {
    expect(withData({ ...CUSTOMER, name: 'A\0d\ud800a' }).after).to.include({ name: 'Ad\ufffda' });
    expect(withData({ ...CUSTOMER, id: 'cus_\0' })).to.include({ externalId: null });
    expect(onlyEvent(ingress, { ...EVENT, id: 'evt_\ud800' })).to.equal(null);
  });

  it('is old where its time cannot be read, and of no mode where its mode cannot', () => {
    for (const created of [
      undefined,
      null,
      NaN,
      1e300,
      -1,
      '1770000000',
      'soon',
      {},
      '2026-99-99T00:00:00Z',
    ]) {
      expect(normalise({ ...EVENT, created })).to.deep.include({
        created: new Date(0),
        unreadable: ['created'],
      });
    }
    for (const livemode of [undefined, null, 'false', 0]) {
      expect(normalise({ ...EVENT, livemode })).to.deep.include({ livemode: null, unreadable: ['livemode'] });
    }
  });

  it('does not exist without an id and a type', () => {
    for (const event of [
      undefined,
      null,
      7,
      'evt_1',
      [],
      {},
      { ...EVENT, id: 7 },
      { ...EVENT, type: null },
      { ...EVENT, id: '' },
    ]) {
      expect(onlyEvent(ingress, event)).to.equal(null);
    }
  });

  it('is never an exception, whatever the input', () => {
    const odd = fc.oneof(fc.jsonValue(), fc.object({ maxDepth: 2 }), fc.constant({ ...CUSTOMER }));
    const members = fc.record(
      {
        ...{ id: fc.oneof(fc.constant('evt_1'), odd), object: fc.oneof(fc.constant('v2.core.event'), odd) },
        ...{
          type: fc.oneof(fc.constantFrom('customer.updated', 'v1.customer.deleted', 'customer.created'), odd),
        },
        ...{
          created: odd,
          livemode: odd,
          account: odd,
          context: odd,
          request: odd,
          reason: odd,
          changes: odd,
        },
        ...{ related_object: odd, snapshot_event: odd },
        data: fc.oneof(odd, fc.record({ object: odd, previous_attributes: odd }, { requiredKeys: [] })),
      },
      { requiredKeys: [] },
    );
    const hostile = fc
      .oneof(members, odd)
      .map((event) => (JSON.parse(JSON.stringify({ event })) as { event?: unknown }).event);
    fc.assert(
      fc.property(hostile, (event) => {
        const found = onlyEvent(ingress, event);
        if (found === null) return;
        expect(found.created.getTime()).to.be.within(0, 4_102_444_800_000);
        for (const fields of [found.after, found.previous]) {
          for (const value of Object.values(fields ?? {}))
            expect(value === null || typeof value === 'string').to.equal(true);
        }
        expect(JSON.stringify(found)).to.not.include('\\u0000');
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not confused by members that every object has', () => {
    const event = JSON.parse('{"__proto__":{"id":"evt_1","type":"customer.updated"}}') as unknown;
    expect(onlyEvent(ingress, event)).to.equal(null);
    const previous = JSON.parse('{"__proto__":{"name":"x"},"constructor":1}') as unknown;
    expect(withData(CUSTOMER, previous).previous).to.deep.equal({});
  });

  it('is the same by snapshot and by thin event, for the simulator’s events of our edits and of theirs', async () => {
    const { simulator } = harness;
    const integration = harness.connect();
    const request = { operation: 'create', key: 'tb1:t-abc:1', externalId: null } as const;
    const { externalId, requestId } = await integration.write({
      ...request,
      body: integration.body({ name: 'Ada', email: 'ada@example.com' }, 'ev-1'),
    });
    simulator.dashboard.updateCustomer(externalId, { name: 'Ada L', phone: '1' });
    simulator.dashboard.deleteCustomer(externalId);
    const events = simulator.events();
    const [created, updated, deleted] = events.map(normalise);
    expect(created).to.deep.include({
      kind: 'created',
      externalId,
      requestId,
      idempotencyKey: request.key,
      ownerTag: 'ev-1',
    });
    expect(created?.after).to.include({ name: 'Ada', email: 'ada@example.com' });
    expect(updated).to.deep.include({
      kind: 'updated',
      requestId: null,
      previous: { name: 'Ada' },
      ownerTag: 'ev-1',
    });
    expect(deleted).to.deep.include({ kind: 'deleted', externalId, after: null });
    for (const [index, event] of events.entries()) {
      const thin = normalise(JSON.parse(JSON.stringify(thinEvent(event))));
      const full = normalise(event);
      for (const member of [
        'kind',
        'externalId',
        'livemode',
        'requestId',
        'idempotencyKey',
        'created',
      ] as const) {
        expect(thin[member]).to.deep.equal(full[member], `${member} of event ${index}`);
      }
      // A thin deletion has no previous values.
      if (full.kind !== 'deleted') expect(thin.previous).to.deep.equal(full.previous, `event ${index}`);
      expect(thin).to.include({ thin: true, snapshotEventId: full.externalEventId, after: null });
    }
  });
});
