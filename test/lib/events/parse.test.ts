import { expect } from 'chai';
import { textOf } from '../../../lib/bus/value.ts';
import { envelopeOf } from '../../../lib/events/envelope.ts';
import { parseEnvelope } from '../../../lib/events/parse.ts';
import { at, eventId, own, row } from './event-row.ts';

const valid = () =>
  JSON.parse(textOf(envelopeOf(row, at.toISOString(), 'ab12cd34'))) as Record<string, unknown>;

describe('reading an envelope', () => {
  it('finds its kind', () => {
    const { customer_data, external_mappings, ...common } = valid();
    expect([customer_data, external_mappings]).to.not.include(undefined);
    const external = {
      ...common,
      event_type: 'stripe.customer.updated',
      version: null,
      external: { id: 'cus_1', kind: 'updated', account: 'acct_1' },
    };
    expect(parseEnvelope(JSON.stringify(external))).to.deep.equal({ kind: 'external', envelope: external });
    const parked = {
      ...common,
      event_type: 'delivery.parked',
      version: null,
      parked: { event_id: eventId, target: 'stripe', reason: 'missing', detail: {} },
    };
    expect(parseEnvelope(JSON.stringify(parked))).to.deep.equal({ kind: 'parked', envelope: parked });
    const linked = { ...valid(), event_type: 'customer.linked' };
    expect(parseEnvelope(JSON.stringify(linked))).to.deep.equal({
      kind: 'row',
      entityType: 'customer',
      entityId: 42,
      envelope: linked,
    });
  });

  it('accepts unknown fields', () => {
    const newer = { ...valid(), more: 1, customer_data: { ...own.customer_data, phone: null } };
    expect(parseEnvelope(JSON.stringify(newer))).to.deep.equal({
      kind: 'row',
      entityType: 'customer',
      entityId: 42,
      envelope: newer,
    });
  });

  const broken: Record<string, [text: string | null, reason: string]> = {
    'no value': [null, 'not_json'],
    'empty text': ['', 'not_json'],
    garbage: ['\u0000\ufffd{', 'not_json'],
    'a list': ['[]', 'not_an_object'],
    'null as JSON': ['null', 'not_an_object'],
    'lists ten thousand deep': ['['.repeat(10_000) + ']'.repeat(10_000), 'not_an_object'],
    'objects ten thousand deep': [
      JSON.stringify(valid()).replace(
        '"stripe":"cus_1"',
        `"stripe":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
      ),
      'invalid_envelope',
    ],
    'another schema': [JSON.stringify({ ...valid(), schema_version: 2 }), 'unknown_schema_version'],
    'no id': [JSON.stringify({ ...valid(), event_id: undefined }), 'invalid_envelope'],
    'an id that is none': [JSON.stringify({ ...valid(), event_id: 'x' }), 'invalid_envelope'],
    'no type': [JSON.stringify({ ...valid(), event_type: undefined }), 'invalid_envelope'],
    'a customer type that is none': [
      JSON.stringify({ ...valid(), event_type: 'customer.eaten' }),
      'invalid_envelope',
    ],
    'a time that is none': [JSON.stringify({ ...valid(), timestamp: 'yesterday' }), 'invalid_envelope'],
    'a version that is none': [JSON.stringify({ ...valid(), version: 0 }), 'invalid_envelope'],
    'an id in text': [
      JSON.stringify({ ...valid(), customer_data: { ...own.customer_data, id: '42' } }),
      'invalid_envelope',
    ],
    'no customer': [JSON.stringify({ ...valid(), customer_data: null }), 'invalid_envelope'],
    'a mapping that is none': [
      JSON.stringify({ ...valid(), external_mappings: { stripe: null } }),
      'invalid_envelope',
    ],
    '__proto__ in place of fields': [
      '{"schema_version":1,"event_type":"customer.updated","__proto__":{"version":1}}',
      'invalid_envelope',
    ],
  };
  for (const [name, [text, reason]] of Object.entries(broken)) {
    it(`answers ${reason} for ${name}`, () => {
      const parsed = parseEnvelope(text);
      expect(parsed).to.include({ kind: 'invalid', reason });
      if (parsed.kind === 'invalid') expect(parsed.problems).to.have.length.above(0);
    });
  }

  it('keeps the id of an invalid record, and none of its values', () => {
    const parsed = parseEnvelope(
      JSON.stringify({ ...valid(), customer_data: { id: '1', name: 'Ada', email: 'secret@example.com' } }),
    );
    expect(parsed).to.include({ kind: 'invalid', eventId });
    expect(JSON.stringify(parsed)).to.not.include('secret');
  });
});
