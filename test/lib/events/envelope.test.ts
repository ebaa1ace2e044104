import { expect } from 'chai';
import { textOf } from '../../../lib/bus/value.ts';
import { envelopeOf, toMessages } from '../../../lib/events/envelope.ts';
import { parseEnvelope } from '../../../lib/events/parse.ts';
import { createRouting } from '../../../lib/events/routing.ts';
import { at, eventId, own, row } from './event-row.ts';

const routing = createRouting({ customerEvents: true, systems: ['stripe', 'hubspot'] });
const full = { routing, headers: 'full', installation: 'ab12cd34' } as const;

describe('the envelope', () => {
  it('has the common members and the payload of its row, and is valid', () => {
    const text = textOf(envelopeOf(row, at.toISOString(), 'ab12cd34'));
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
    expect(parseEnvelope(text)).to.include({ kind: 'row', entityType: 'customer' });
  });

  it('is valid JSON whatever the type and the source are called, and without a payload', () => {
    const odd = {
      ...row,
      eventType: 'a"b\\c\n',
      source: '\u0001"',
      payload: Buffer.from('{}'),
      version: null,
    };
    expect(JSON.parse(textOf(envelopeOf(odd, 't', 'x')))).to.include({
      event_type: 'a"b\\c\n',
      source: '\u0001"',
      version: null,
    });
  });

  it('carries its payload as exactly the text that was stored', () => {
    const payload = '{"customer_data": {"id": 42, "big": 12345678901234567890.10}, "external_mappings": {}}';
    expect(textOf(envelopeOf({ ...row, payload: Buffer.from(payload) }, 't', 'x'))).to.include(
      payload.slice(1),
    );
  });
});

describe('the messages of a page', () => {
  it('are one for each topic of each event, in order, with the entity’s key', () => {
    const rows = [
      row,
      { ...row, id: 13, eventType: 'other.type' },
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

  it('have CloudEvents headers and the trace, or only the event id', () => {
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
