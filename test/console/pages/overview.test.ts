import { expect } from 'chai';
import { laneActs } from '../../../console/pages/lanes.ts';
import { overviewView, type Overview } from '../../../console/pages/overview.ts';
import { sample } from '../samples.ts';
import { actsIn, drawn, seen, shown } from '../seen.ts';

const [given] = [sample<Overview>('Overview')];
const [system] = given.systems;
const calm: Overview = {
  ...given,
  customers: 12_489,
  systems: system
    ? [
        {
          ...system,
          system: 'stripe',
          customers: {
            ...system.customers,
            in_agreement: 12_489,
            need_person: 0,
            on_their_way: 0,
            waiting: 0,
            closed: 0,
          },
          propagation_ms: {
            outbound: { count: 9, p50: 80, p99: 420 },
            inbound: { count: 0, p50: null, p99: null },
          },
          comparison: null,
        },
      ]
    : [],
  stuck: { count: 0, oldest: [] },
  oldest_unsent_s: null,
  lanes: given.lanes.map((each) => ({
    ...each,
    lanes: each.lanes.map((lane) => ({ ...lane, state: 'running' as const })),
  })),
};
const stuck = {
  mapping: 7,
  system: 'stripe',
  customer: 42,
  external_id: null,
  state: 'parked',
  since: '2026-11-29T07:48:00.000Z',
  code: 'email_invalid',
  says: 'Stripe refuses the request.',
  open_events: 31,
};

describe('the overview of the console', () => {
  it('says that all is right, in a sentence and four numbers', () => {
    expect(shown(overviewView(calm, seen('/console'))))
      .to.include('all right')
      .and.include('12 489 of 12 489 customers agree with stripe .')
      .and.include('100 %')
      .and.include('0.42 s promised: 5.0 s')
      .and.include('oldest unsent event none')
      .and.include('Nothing needs you.')
      .and.include('stripe has not been compared yet');
  });

  it('says who needs a person, since when, why, and how many events wait behind', () => {
    const troubled = { ...calm, stuck: { count: 9, oldest: [stuck] } };
    const text = shown(overviewView(troubled, seen('/console')));
    expect(text)
      .to.include('needs you')
      .and.include('customer 42 email_invalid Stripe refuses the request. 14 min needs you stripe 31')
      .and.include('the oldest for 14 min')
      .and.include('All 9 pairs that need a person');
  });

  it('never rounds up to 100 %', () => {
    const [first] = calm.systems;
    const nearly = first ? [{ ...first, customers: { ...first.customers, in_agreement: 12_488 } }] : [];
    expect(shown(overviewView({ ...calm, systems: nearly }, seen('/console')))).to.include('99.9 %');
  });

  it('says that changes are held up where a lane is paused, with its reason', () => {
    const lanes = calm.lanes.map((each) => ({
      ...each,
      lanes: each.lanes.map((lane) => ({
        ...lane,
        state: 'paused' as const,
        why: 'an import',
        by: 'key:oncall/1',
      })),
    }));
    expect(shown(overviewView({ ...calm, lanes }, seen('/console'))))
      .to.include('held up')
      .and.include('paused')
      .and.include('an import by key:oncall/1');
  });

  it('lets an operator pause and resume lanes, and a viewer not', () => {
    const acts = (scope: 'viewer' | 'operator') => actsIn(overviewView(calm, seen('/console', { scope })));
    expect(acts('operator')).to.deep.equal(['/console/lanes/pause', '/console/lanes/resume']);
    expect(acts('viewer')).to.deep.equal([]);
  });

  it('keeps forms out of what is replaced while a person types', () => {
    const html = drawn(overviewView(calm, seen('/console')));
    for (const [, list = ''] of html.matchAll(/data-live="list"[^>]*>([\s\S]*?)<\/tbody>/g))
      expect(list).not.to.include('<form');
  });

  it('shows a hostile name of a system and a hostile reason as they are', () => {
    const hostile = {
      ...calm,
      stuck: { count: 1, oldest: [{ ...stuck, says: '<img src=x onerror=alert(1)>' }] },
    };
    expect(drawn(overviewView(hostile, seen('/console'))))
      .to.include('&lt;img src=x onerror=alert(1)&gt;')
      .and.not.include('<img src=x');
  });

  it('sends what the form says to the API, once for a form, and goes back', async () => {
    const posts: unknown[] = [];
    const [pause] = laneActs;
    const view = seen('/console/lanes/pause');
    const form = new URLSearchParams({
      system: 'stripe',
      direction: 'inbound',
      reason: 'an import',
      next: '/console',
    });
    const api = {
      post: (...said: unknown[]) => Promise.resolve(void posts.push(said)),
    } as never;
    expect(await pause?.act({ ...view, api, form, once: 'o'.repeat(24) }, view)).to.equal('/console');
    expect(posts).to.deep.equal([
      [
        '/api/v1/lanes/{system}/pause',
        {
          path: { system: 'stripe' },
          body: { direction: 'inbound', reason: 'an import' },
          once: 'o'.repeat(24),
        },
      ],
    ]);
  });
});
