// Facts of a timeline as trips, and the picture of them.
import { expect } from 'chai';
import type { Fact, Missing } from '../../console/facts.ts';
import { html } from '../../console/html.ts';
import { timeline } from '../../console/rail.ts';
import { tripsOf, type Beside } from '../../console/trips.ts';
import { HOSTILE } from './hostile.ts';
import { NOW } from './seen.ts';

const at = (second: number) =>
  new Date(Date.parse('2026-11-29T08:00:00.000Z') + second * 1_000).toISOString();

const fact = (what: Fact['what'], second: number, eventId: string | null, detail: object): Fact => ({
  at: at(second),
  what,
  system: what === 'change' ? null : 'stripe',
  event_id: eventId,
  detail: { ...detail },
});

const change = (
  second: number,
  eventId: string,
  version: number,
  context: object = { request_id: 'req-1' },
): Fact =>
  fact('change', second, eventId, {
    ...{ number: 12, source: 'internal', context, version, event_type: 'customer.updated' },
    published: [{ topic: 'sync.outbound', partition: 3, offset: 11_204, at: at(second), after_ms: 9 }],
  });

const written = (second: number, version: number, status: number, error: string | null = null): Fact[] => [
  fact('write', second, null, { key: 'tb1:test:1', intent_id: `i${version}`, version, operation: 'update' }),
  fact('call', second, null, {
    intent_id: `i${version}`,
    operation: 'update',
    http_status: status,
    latency_ms: 41,
    request_id: 'req_Lm0wAAAAAAAAAAZt',
    error,
    replayed: false,
  }),
];

const settled = (second: number, eventId: string, more: object = {}): Fact =>
  fact('settled', second, eventId, {
    status: 'applied',
    after_ms: 190,
    attempts: 1,
    error: null,
    confirmed_by: null,
    ...more,
  });

const beside = (more: Partial<Beside> = {}): Beside => ({
  ...{ now: NOW, missing: [], conflicts: [], changes: new Map() },
  ...more,
});

const stopsOf = (facts: Fact[], more: Partial<Beside> = {}) =>
  tripsOf(facts, beside(more)).map(({ outcome, rails }) => [
    outcome,
    ...(rails[0]?.stops.map(({ name, state }) => `${name} ${state}`) ?? []),
  ]);

describe('a timeline as trips', () => {
  it('follows a change to its echo', () => {
    const facts = [
      change(0, 'e1', 2),
      ...written(1, 2, 200),
      settled(2, 'e1', { confirmed_by: 'e2', confirmed_after_ms: 710, confirmed_at: at(3) }),
      fact('inbound', 3, 'e2', { status: 'echo', event_type: 'stripe.customer.updated', confirms: ['e1'] }),
    ];
    expect(stopsOf(facts)).to.deep.equal([
      ['confirmed', 'Request done', 'Event done', 'Kafka done', 'Stripe done', 'Echo done'],
    ]);
    const [trip] = tripsOf(facts, beside());
    expect(trip?.total).to.equal(3_000);
    expect(trip?.attempts).to.have.length(1);
  });

  it('does not call a change failed because its echo is missing', () => {
    const echo: Missing = {
      step: 'echo',
      system: 'stripe',
      event_id: 'e1',
      since: at(2),
      promised_within: '15 minutes',
      status: 'applied',
      error: null,
      reason: null,
    };
    const facts = [change(0, 'e1', 2), ...written(1, 2, 200), settled(2, 'e1')];
    expect(stopsOf(facts, { missing: [echo] })).to.deep.equal([
      ['unconfirmed', 'Request done', 'Event done', 'Kafka done', 'Stripe done', 'Echo missing'],
    ]);
    const [trip] = tripsOf(facts, beside({ missing: [echo] }));
    expect(trip?.note).to.deep.equal({ tone: 'bad', text: 'no echo for 2 min, promised within 15 minutes' });
  });

  it('says that a call is tried again, and that a pair needs a person', () => {
    const withStatus = (status: string) => [
      change(0, 'e1', 2),
      fact('received', 0, 'e1', { status, error: null }),
      ...written(1, 2, 429, 'rate_limited'),
    ];
    expect(stopsOf(withStatus('queued'))[0]).to.include.members(['retrying', 'Stripe working', 'Echo ahead']);
    expect(stopsOf(withStatus('parked'))[0]).to.include.members(['parked', 'Stripe failed']);
  });

  it('joins an inbound event and the change that it caused', () => {
    const facts = [
      fact('inbound', 0, 'e1', {
        status: 'applied',
        event_type: 'stripe.customer.updated',
        request_id: null,
        settled_after_ms: 188,
      }),
      change(1, 'e2', 5, { caused_by: 'e1' }),
      settled(1, 'e2', { status: 'origin' }),
    ];
    expect(stopsOf(facts)).to.deep.equal([
      ['applied', 'Webhook done', 'Event done', 'Kafka done', 'Row done'],
    ]);
    expect(tripsOf(facts, beside())[0]).to.include({ what: 'changed at Stripe', version: 5, who: 'by hand' });
  });

  it('keeps the acts of people, and the newest first', () => {
    const facts = [
      change(0, 'e1', 2),
      fact('operator', 5, null, { action: 'replay', actor: 'mira@ops', reason: 'after the key rotation' }),
    ];
    expect(tripsOf(facts, beside()).map(({ what, who }) => [what, who])).to.deep.equal([
      ['replayed', 'mira@ops · “after the key rotation”'],
      ['updated', 'API'],
    ]);
  });

  it('is drawn with states in words, and every text literally', () => {
    for (const text of HOSTILE) {
      const changes = new Map([['e1', [{ field: text, from: text, to: text }]]]);
      const trips = tripsOf([change(0, 'e1', 2, { actor: text, request_id: text })], beside({ changes }));
      const page = html`${timeline(trips, NOW)}`.toString();
      expect(page).not.to.match(/<img|<script| on\w+="/);
      expect(page).to.include(': done').and.include('<h3');
    }
  });
});
