import { expect } from 'chai';
import { envelopeText, toMessages, type EventRow } from '../../lib/events/envelope.ts';
import { parseEnvelope } from '../../lib/events/parse.ts';
import { createRouting } from '../../lib/events/routing.ts';
import { newEventId } from '../../lib/uuid.ts';

const at = new Date('2026-03-04T05:06:07.089Z');
const eventId = newEventId(at);
const own = {
  customer_data: { id: 42, name: 'Zoë "Q" O’Hara \\', email: 'zoe@example.com' },
  external_mappings: { stripe: 'cus_1' },
};
const row: EventRow = {
  id: 12,
  eventId,
  eventType: 'customer.updated',
  entityKey: 'customer:42',
  version: 7,
  source: 'internal',
  payload: JSON.stringify(own),
  createdAt: at.getTime(),
  trace: null,
};
const routing = createRouting({ customerEvents: true, systems: ['stripe', 'hubspot'] });
const full = { routing, headers: 'full', installation: 'ab12cd34' } as const;
const valid = () => JSON.parse(envelopeText(row, at.toISOString(), 'ab12cd34')) as Record<string, unknown>;

describe('the envelope', () => {
  it('is the row’s common part and its own, and valid', () => {
    const text = envelopeText(row, at.toISOString(), 'ab12cd34');
    expect(JSON.parse(text)).to.deep.equal({
      schema_version: 1,
      event_id: eventId,
      event_type: 'customer.updated',
      timestamp: '2026-03-04T05:06:07.089Z',
      source: 'internal',
      installation: 'ab12cd34',
      version: 7,
      ...own,
    });
    expect(parseEnvelope(text)).to.include({ kind: 'customer' });
  });

  it('is JSON whatever the type and the source are called, and without a part of its own', () => {
    const odd = { ...row, eventType: 'a"b\\c\n', source: '\u0001"', payload: '{}', version: null };
    expect(JSON.parse(envelopeText(odd, 't', 'x'))).to.include({
      event_type: 'a"b\\c\n',
      source: '\u0001"',
      version: null,
    });
  });

  it('carries its payload as the very text that was stored', () => {
    const payload = '{"customer_data": {"id": 42, "big": 12345678901234567890.10}, "external_mappings": {}}';
    expect(envelopeText({ ...row, payload }, 't', 'x')).to.include(payload.slice(1));
  });
});

describe('the routing', () => {
  it('goes by type alone', () => {
    const table = {
      'customer.created': ['sync.outbound', 'customer.events'],
      'customer.updated': ['sync.outbound', 'customer.events'],
      'customer.deleted': ['sync.outbound', 'customer.events'],
      'customer.linked': ['customer.events'],
      'delivery.parked': ['sync.dlq'],
      'stripe.customer.updated': ['sync.inbound'],
      'hubspot.contact.merged': ['sync.inbound'],
      'quickbooks.customer.updated': [],
      stripe: [],
      'customer.renamed': [],
      constructor: [],
      '': [],
    };
    for (const [type, topics] of Object.entries(table)) expect(routing(type), type).to.deep.equal(topics);
  });

  it('leaves other teams’ topic out when that is switched off', () => {
    const without = createRouting({ customerEvents: false, systems: [] });
    expect(without('customer.updated')).to.deep.equal(['sync.outbound']);
    expect(without('customer.linked')).to.deep.equal([]);
  });
});

describe('the messages of a page', () => {
  it('are one for each topic of each event, in order, under the entity’s key', () => {
    const rows = [
      row,
      { ...row, id: 13, eventType: 'nobody.wants' },
      { ...row, id: 14, eventType: 'delivery.parked' },
    ];
    expect(
      toMessages(rows, full).map(({ topic, syncEventId, key }) => [topic, syncEventId, key]),
    ).to.deep.equal([
      ['sync.outbound', 12, 'customer:42'],
      ['customer.events', 12, 'customer:42'],
      ['sync.dlq', 14, 'customer:42'],
    ]);
  });

  it('have CloudEvents headers and the trace, or only the id', () => {
    const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(toMessages([{ ...row, trace }], full)[0]?.headers).to.deep.equal({
      ce_specversion: '1.0',
      ce_id: eventId,
      ce_type: 'customer.updated',
      ce_source: 'internal',
      ce_time: '2026-03-04T05:06:07.089Z',
      ce_sequence: '12',
      ce_installation: 'ab12cd34',
      traceparent: trace,
    });
    expect(toMessages([{ ...row, trace }], { ...full, headers: 'minimal' })[0]?.headers).to.deep.equal({
      ce_id: eventId,
    });
  });
});

describe('reading an envelope', () => {
  it('tells its kind', () => {
    const { customer_data, external_mappings, ...common } = valid();
    expect([customer_data, external_mappings]).to.not.include(undefined);
    const external = {
      ...common,
      event_type: 'stripe.customer.updated',
      version: null,
      external: { id: 'cus_1' },
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
    expect(parseEnvelope(JSON.stringify(linked))).to.deep.equal({ kind: 'customer', envelope: linked });
  });

  it('accepts fields it does not know', () => {
    const newer = { ...valid(), more: 1, customer_data: { ...own.customer_data, phone: null } };
    expect(parseEnvelope(JSON.stringify(newer))).to.deep.equal({ kind: 'customer', envelope: newer });
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

  it('keeps the id of a record that is otherwise invalid, and no value of it', () => {
    const parsed = parseEnvelope(
      JSON.stringify({ ...valid(), customer_data: { id: 1, name: 7, email: 'secret@example.com' } }),
    );
    expect(parsed).to.include({ kind: 'invalid', eventId });
    expect(JSON.stringify(parsed)).to.not.include('secret');
  });
});
