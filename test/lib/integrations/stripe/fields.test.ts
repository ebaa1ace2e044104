import { expect } from 'chai';
import type { Fields } from '../../../../lib/catalogue/document.ts';
import type { ExternalRecord, InboundEvent } from '../../../../lib/integrations/integration.ts';
import { fieldNamed } from '../../../../lib/integrations/stripe/customer-fields.ts';
import type { Integration } from '../../../../lib/integrations/integration.ts';
import { thinEvent } from '../../../../simulator/webhooks/thin-events.ts';
import { failureOf } from './answering.ts';
import { ALL, clearedValue, documentOf, filled, pick, SHIPPING_ROOT, valueOf } from './fields.ts';
import { openSimulator, TAG_KEY, type StripeHarness } from './harness.ts';
import { onlyEvent } from '../../../support/only-event.ts';

let keys = 0;
const key = (): string => `fields-${++keys}`;

// Whether a hash that is given replaces the one there is not documented, so both are tried.
for (const replacesHashes of [false, true]) {
  describe(`the fields of a customer, where a hash is ${replacesHashes ? 'replaced' : 'merged'}`, () => {
    let harness: StripeHarness;
    let integration: Integration;
    before(async () => {
      harness = await openSimulator({ rules: { replacesHashes, searchDelayMs: 0 } });
      integration = harness.connect({ document: documentOf(ALL) });
    });
    after(() => harness.close());

    const create = async (fields: Fields, tag: string | null = null): Promise<ExternalRecord> => {
      const body = integration.body(fields, tag, undefined, {});
      const { record } = await integration.write({ operation: 'create', key: key(), externalId: null, body });
      if (record === null) throw new Error('a create gives the record');
      return record;
    };
    const read = async (externalId: string): Promise<ExternalRecord> => {
      const fetched = await integration.fetch(externalId);
      if (fetched.state !== 'present') throw new Error('it is there');
      return fetched.record;
    };
    const update = async (externalId: string, fields: Fields): Promise<Fields> => {
      const { record } = await read(externalId).then(({ fields: theirs }) =>
        integration.write({
          operation: 'update',
          key: key(),
          externalId,
          body: integration.body(fields, null, undefined, theirs),
        }),
      );
      return record?.fields ?? {};
    };
    /** The last event of Stripe, by its snapshot, once its thin form was seen to say the same. */
    const lastEvent = (): InboundEvent => {
      const event = harness.simulator.events().at(-1);
      const full = onlyEvent(integration.ingress, event);
      if (!event || !full) throw new Error('there is an event');
      const thin = onlyEvent(integration.ingress, JSON.parse(JSON.stringify(thinEvent(event))));
      if (full.kind === 'updated') expect(thin?.previous).to.deep.equal(full.previous);
      return full;
    };

    it('are created, read, listed, found and reported as they were given', async () => {
      const fields = filled(ALL, 'one');
      const record = await create(fields, 'tag-all');
      expect(record.fields).to.deep.equal(fields);
      expect(await read(record.externalId)).to.deep.equal(record);
      const listed: ExternalRecord[] = [];
      for await (const page of integration.list({})) listed.push(...page);
      expect(listed).to.deep.equal([record]);
      expect(await integration.findTagged?.('tag-all')).to.deep.equal([record]);
      expect(await integration.findByIdentity?.(valueOf('email', 'one'))).to.deep.equal([record]);
      expect(lastEvent()).to.deep.include({
        kind: 'created',
        after: fields,
        ownerTag: 'tag-all',
        previous: null,
      });
      harness.simulator.dashboard.deleteCustomer(record.externalId);
      expect(lastEvent()).to.deep.include({ kind: 'deleted', previous: fields, unreadable: [] });
    });

    it('are null where nothing is given, and a customer without them is reported and deleted as such', async () => {
      const given = ALL.filter((name) => name !== 'invoice_prefix');
      const { externalId, fields } = await create(Object.fromEntries(given.map((name) => [name, null])));
      const blank = Object.fromEntries(given.map((name) => [name, clearedValue(name)]));
      expect(pick(fields, given)).to.deep.equal(blank);
      expect(pick(lastEvent().after ?? {}, given)).to.deep.equal(blank);
      harness.simulator.dashboard.deleteCustomer(externalId);
      expect(pick(lastEvent().previous ?? { name: 'nothing said' }, given)).to.deep.equal(blank);
    });

    for (const name of ALL) {
      it(`${name} changes and is cleared alone`, async () => {
        const fields = filled(ALL, 'one');
        const { externalId } = await create(fields, 'tag');
        const changed = { ...fields, [name]: valueOf(name, 'two') };
        expect(await update(externalId, { [name]: changed[name] ?? null })).to.deep.equal(changed);
        expect(lastEvent()).to.deep.include({ after: changed, previous: { [name]: fields[name] } });
        if (name === SHIPPING_ROOT || fieldNamed(name)?.clears === false) return;
        const cleared = { ...changed, [name]: clearedValue(name) };
        expect(await update(externalId, { [name]: null })).to.deep.equal(cleared);
        expect(lastEvent()).to.deep.include({ after: cleared, previous: { [name]: changed[name] } });
        expect(await update(externalId, { [name]: changed[name] ?? null })).to.deep.equal(changed);
        expect(lastEvent().previous).to.deep.equal({ [name]: clearedValue(name) });
        expect((await read(externalId)).ownerTag).to.equal('tag');
      });
    }

    const TOO_LONG = ALL.flatMap((name) => {
      const { maxLength = null } = fieldNamed(name) ?? {};
      return maxLength === null ? [] : [[name, maxLength] as const];
    });
    for (const [name, maxLength] of TOO_LONG) {
      it(`${name} holds ${maxLength} characters and no more`, async () => {
        const long = (length: number): string =>
          name === 'email' ? `${'a'.repeat(length - 12)}@example.com` : '😀'.repeat(length);
        const value =
          name === 'invoice_prefix' ? 'LONGPREFIX'.padEnd(maxLength, String(++keys)) : long(maxLength);
        const { externalId } = await create(filled(ALL, 'one'));
        expect(await update(externalId, { [name]: value })).to.include({ [name]: value });
        const over = name === 'invoice_prefix' ? `${value}X` : long(maxLength + 1);
        const failure = await failureOf(integration, () => update(externalId, { [name]: over }));
        expect(failure).to.include({ kind: 'permanent', status: 400 });
        expect(failure.field).to.match(new RegExp(`^${name.split('.')[0] ?? ''}(\\[|$)`));
      });
    }

    it('tax_exempt is one of three texts', async () => {
      const { externalId } = await create({ tax_exempt: 'none' });
      const failure = await failureOf(integration, () => update(externalId, { tax_exempt: 'some' }));
      expect(failure).to.include({ kind: 'permanent', field: 'tax_exempt' });
    });

    it('an address that loses its last part is gone, and shipping goes as a whole', async () => {
      const fields = filled(ALL, 'one');
      const { externalId } = await create(fields);
      const gone = ALL.filter((name) => /^(address|shipping)\./.test(name));
      const cleared = Object.fromEntries(gone.map((name) => [name, null]));
      expect(await update(externalId, cleared)).to.deep.equal({ ...fields, ...cleared });
      const customer = harness.simulator.customers().find(({ id }) => id === externalId);
      expect(customer).to.include({ address: null, shipping: null });
      expect(lastEvent().previous).to.deep.equal(pick(fields, gone));
    });

    it('shipping without a name is refused by its name', async () => {
      const { externalId } = await create(filled(ALL, 'one'));
      for (const fields of [{ [SHIPPING_ROOT]: null }]) {
        const failure = await failureOf(integration, () => update(externalId, fields));
        expect(failure).to.include({ kind: 'permanent', field: 'shipping[name]' });
      }
      const { externalId: other } = await create({ name: 'Ada' });
      const failure = await failureOf(integration, () => update(other, { 'shipping.address.city': 'Bonn' }));
      expect(failure).to.include({ kind: 'permanent', field: 'shipping[name]' });
    });

    it('shipping with a name alone has an address without parts', async () => {
      const { fields } = await create({ [SHIPPING_ROOT]: 'Ada' });
      expect(fields).to.include({ [SHIPPING_ROOT]: 'Ada', 'shipping.address.line1': null });
    });
  });
}

describe('the body of a write', () => {
  let harness: StripeHarness;
  before(async () => void (harness = await openSimulator()));
  after(() => harness.close());

  it('is for the built-in document what it always was, letter by letter', () => {
    const { body } = harness.connect();
    expect(JSON.stringify(body({ name: 'Ada', email: 'ada@example.com' }, 'ev-1'))).to.equal(
      `{"name":"Ada","email":"ada@example.com","metadata":{"${TAG_KEY}":"ev-1"}}`,
    );
    expect(JSON.stringify(body({ email: null }, null))).to.equal('{"email":""}');
    expect(JSON.stringify(body({}, 'ev-1'))).to.equal(`{"metadata":{"${TAG_KEY}":"ev-1"}}`);
  });

  it('nests fields as the form does, and puts the owner tag beside the metadata of the user', () => {
    const { body } = harness.connect({ document: documentOf(ALL) });
    const theirs = { 'address.line1': 'Street 1', 'address.country': 'DE', 'address.state': null };
    const fields = { 'address.city': null, 'metadata.plan': 'team', preferred_locales: 'de, en' };
    expect(body(fields, 'ev-1', undefined, theirs)).to.deep.equal({
      address: { line1: 'Street 1', city: '', country: 'DE' },
      preferred_locales: ['de', 'en'],
      metadata: { plan: 'team', [TAG_KEY]: 'ev-1' },
    });
  });

  it('is not made of a part of a group, as long as the rest was not read', () => {
    const { body } = harness.connect({ document: documentOf(ALL) });
    expect(() => body({ 'address.city': 'Bonn' }, null)).to.throw(/address is written as a whole/);
    const whole = ALL.filter((name) => name.startsWith('address.'));
    expect(body(filled(whole, 'one'), null)).to.have.all.keys('address');
  });
});

describe('a customer of an odd shape', () => {
  let harness: StripeHarness;
  let integration: Integration;
  before(async () => {
    harness = await openSimulator();
    integration = harness.connect({
      document: documentOf(['address.city', 'metadata.plan', 'preferred_locales']),
    });
  });
  after(() => harness.close());

  const ADDRESS = ['line1', 'line2', 'city', 'state', 'postal_code', 'country'].map(
    (part) => `address.${part}`,
  );
  const normalise = (object: object, previous: unknown) =>
    onlyEvent(integration.ingress, {
      ...{
        id: 'evt_1',
        object: 'event',
        type: 'customer.updated',
        created: 1,
        livemode: false,
        request: null,
      },
      data: { object: { id: 'cus_1', object: 'customer', ...object }, previous_attributes: previous },
    });

  it('is null below a null, and unreadable below anything else that is no hash', () => {
    expect(normalise({ address: null, shipping: {} }, { address: null, metadata: null })).to.deep.include({
      previous: { ...Object.fromEntries(ADDRESS.map((name) => [name, null])), 'metadata.plan': null },
      unreadable: [],
    });
    const odd = normalise({ address: 'Bonn' }, { address: ['Bonn'], metadata: { plan: 7 } });
    expect(odd).to.deep.include({ after: null, previous: {} });
    expect(odd?.unreadable).to.include.members([
      ...['after.address.city', 'previous.address.city', 'previous.metadata.plan'],
    ]);
  });

  it('names in an update only what changed', () => {
    const previous = { address: { line1: 'x' }, metadata: { other: null }, preferred_locales: ['de', 'en'] };
    // What is written beside the city can be covered as the city can.
    expect(normalise({}, previous)).to.deep.include({
      previous: { 'address.line1': 'x', preferred_locales: 'de,en' },
    });
    expect(normalise({}, { metadata: { plan: null } })).to.deep.include({
      previous: { 'metadata.plan': null },
    });
  });

  it('has no list with anything else in it than texts without commas', () => {
    for (const locales of ['de', [7], [null], ['de,en'], {}]) {
      expect(normalise({ preferred_locales: locales }, {})?.unreadable).to.deep.equal([
        'after.preferred_locales',
      ]);
    }
    for (const locales of [null, []])
      expect(normalise({ preferred_locales: locales }, {})?.after).to.include({ preferred_locales: null });
  });
});
