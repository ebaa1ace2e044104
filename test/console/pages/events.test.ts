import { expect } from 'chai';
import type { WholeEvent } from '../../../console/event-stops.ts';
import { eventView } from '../../../console/pages/event.ts';
import { eventsView, type Event } from '../../../console/pages/events.ts';
import { HOSTILE } from '../hostile.ts';
import { sample } from '../samples.ts';
import { drawn, seen, shown } from '../seen.ts';

const EVENT = '019a8a3c-7f00-7000-8000-000000000001';
const ECHO = '019a8a3c-7f00-7000-8000-000000000002';
const AT = '2026-11-29T08:01:58.000Z';

describe('the page of events', () => {
  const list = (rows: Event[], query = '', scope: 'viewer' | 'operator' = 'operator') =>
    eventsView({ rows, next: null }, seen(`/console/events${query}`, { scope }));
  const event = (instead: Partial<Event> = {}): Event =>
    sample<Event>('Event', {
      deliveries: [{ target: 'stripe', status: 'parked', error: 'email_invalid' }],
      ...instead,
    });

  it('has a row for each, with its delivery to each system', () => {
    const view = list([event()], '?status=parked&since=2h');
    expect(shown(view)).to.match(
      /customer\.created v1 +customer 1 +internal +stripe +needs you +email_invalid/,
    );
    expect(drawn(view)).to.include(`href="/console/events/${EVENT}"`);
    expect(view.same).to.deep.equal({
      cli: 'events list --status parked --since 2h',
      api: '/api/v1/events?status=parked&since=2h',
    });
    expect(shown(list([event({ deliveries: [], published: false })]))).to.include('not published yet');
  });

  it('leads to a replay of the same where a replay can select the same', () => {
    const to = (query: string, scope?: 'viewer') =>
      /href="(\/console\/replays\/new[^"]*)"/.exec(drawn(list([event()], query, scope)))?.[1];
    expect(to('?status=parked&error=email_invalid&type=')).to.equal(
      '/console/replays/new?status=parked&amp;error=email_invalid',
    );
    expect(to('?system=internal&needs_attention=true')).to.equal(
      '/console/replays/new?status=parked%2Cwaiting&amp;direction=in',
    );
    expect(to('?type=customer.*')).to.equal(undefined);
    expect(to('?status=unpublished')).to.equal(undefined);
    expect(to('?status=parked', 'viewer')).to.equal(undefined);
  });

  it('says which parts of a filter match nothing, and nothing of those that are empty', () => {
    const view = list([], '?status=parked&type=');
    expect(shown(view)).to.include('No event with status = parked').and.not.include('type =');
    expect(shown(list([], '?type='))).to.include('No events yet');
  });
});

describe('the page of one event', () => {
  const delivery = (instead: object = {}): WholeEvent['deliveries'][number] => ({
    ...{ target: 'stripe', status: 'applied', attempts: 2, error: null, superseded_by: null },
    ...{ received_at: '2026-11-29T08:01:58.100Z', settled_at: '2026-11-29T08:01:58.300Z' },
    ...{ mapping: { id: 7, external_id: 'cus_NffrFeUfNV2Hib' }, intent: { key: 'tb1:dev:1', version: 2 } },
    ...{ intents_before: [], confirmed_by: ECHO, confirmed_at: '2026-11-29T08:01:58.800Z' },
    calls: [
      {
        operation: 'update',
        status: 429,
        error: 'rate_limit',
        latency_ms: 12,
        answered_at: AT,
        request_id: 'req_1',
      },
      { operation: 'update', status: 200, error: null, latency_ms: 41, answered_at: AT, request_id: 'req_2' },
    ],
    ...instead,
  });
  const event = (instead: Partial<WholeEvent> = {}): WholeEvent =>
    sample<WholeEvent>('WholeEvent', {
      ...{
        event_id: EVENT,
        event_type: 'customer.updated',
        sync_events_id: 90_412,
        entity_key: 'customer:42',
      },
      ...{ customer: 42, version: 2, source: 'internal', created_at: AT },
      context: { request_id: '01a22b50-f34a-7e38-88ca-e7245655f8fe', caused_by: ECHO },
      payload: { customer_data: { id: 42, name: 'Ada' } },
      published: [
        { topic: 'sync.outbound', partition: 3, offset: 11_204, saved_at: AT },
        { topic: 'sync.outbound', partition: 3, offset: 11_205, saved_at: AT },
      ],
      deliveries: [delivery()],
      operator_actions: [{ action: 'replay', actor: 'key:oncall/1', reason: 'the key was renewed', at: AT }],
      ...{ led_to: [{ event_id: ECHO, event_type: 'customer.updated', version: 3, created_at: AT }] },
      ...{ confirmed: [], ...instead },
    });
  const show = (instead: Partial<WholeEvent> = {}, scope: 'viewer' | 'operator' = 'operator') =>
    eventView({ event: event(instead) }, seen(`/console/events/${EVENT}`, { scope }));

  it('draws its way, with its calls, every publish, its cause, its effects and who acted', () => {
    const view = show();
    expect(shown(view))
      .to.include('Request : done')
      .and.include('Echo : done')
      .and.include('200 · attempt 2')
      .and.include('rate limited')
      .and.include('published 2 times')
      .and.include('11 205')
      .and.include('caused by')
      .and.include('It led to')
      .and.include('replay by key:oncall/1 : the key was renewed');
    expect(drawn(view))
      .to.include(`href="/console/events/${ECHO}"`)
      .and.include(`href="/console/replays/new?id=${EVENT}"`)
      .and.include(`href="/console/customers/42#t${EVENT}"`);
    expect(view.same?.cli).to.equal(`events show ${EVENT}`);
  });

  it('says what is wrong with a parked one, and what the echo waits for', () => {
    const error = { code: 'email_invalid', field: 'email', message: 'Invalid email <b>' };
    const view = show({
      deliveries: [delivery({ status: 'parked', error, confirmed_by: null, settled_at: null })],
    });
    expect(shown(view))
      .to.include('Stripe : failed')
      .and.include('email_invalid field email Invalid email <b>');
    expect(shown(view)).to.include('expected after Stripe');
  });

  it('ends at our row where it came in', () => {
    const inbound = delivery({
      target: 'internal',
      status: 'echo',
      calls: [],
      intent: null,
      confirmed_by: null,
    });
    const view = show({ source: 'stripe', version: null, deliveries: [inbound], context: {} });
    expect(shown(view)).to.include('To our table').and.include('Webhook : done').and.include('Row : done');
  });

  it('shows values only to who may change something, and always literally', () => {
    expect(shown(show())).to.include('"name": "Ada"');
    expect(shown(show({}, 'viewer'))).not.to.include('Ada');
    for (const name of HOSTILE) {
      const page = drawn(
        show({ payload: { name }, context: { actor: name }, entity_key: name, customer: null }),
      );
      expect(page).not.to.match(/<img|<script| on\w+="|\u202e|\u200f\u200f/);
    }
  });

  it('says so where no worker has it yet', () => {
    const view = show({ deliveries: [], published: [] });
    expect(shown(view)).to.include('No worker has received it yet').and.include('Not yet');
    expect(drawn(view)).not.to.include('/console/replays/new');
  });
});
