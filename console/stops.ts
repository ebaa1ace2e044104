// The stops of a trip: where it was, where it is, and what is missing past its promise.

import type { Attempt } from './attempts.ts';
import { contextOf, numberOf, textOf, title, type Fact, type Missing } from './facts.ts';
import { number } from './parts.ts';

/** Shapes as well as colours: filled, ring, hollow, `?`, ✕. */
export type StopState = 'done' | 'working' | 'ahead' | 'missing' | 'failed';

export type Stop = {
  name: string;
  state: StopState;
  /** What can be copied: an id, a topic, a status. */
  main: string | null;
  note: string | null;
  /** Milliseconds before it; null where they are not known. */
  wait: number | null;
};

type Parts = { facts: readonly Fact[]; change: Fact };

/** What became of a change at one system. */
export type AtSystem = {
  system: string;
  status: string;
  done: Fact | null;
  lost: readonly Missing[];
  tries: readonly Attempt[];
};

/** Request → Event → Kafka → the system → Echo. */
export function outboundStops(at: AtSystem, { facts, change }: Parts): Stop[] {
  const call = at.tries.findLast(({ operation }) => operation !== 'look');
  const isOver = ['noop', 'superseded', 'stale', 'closed'].includes(at.status);
  return [...stopsBefore(change, at.lost), systemStop(at, call), ...(isOver ? [] : [echoStop(at, facts)])];
}

/** Request → Event → Kafka: what all systems have in common. */
export function stopsBefore({ detail, event_id: eventId }: Fact, lost: readonly Missing[]): Stop[] {
  const request = textOf(contextOf(detail)['request_id']);
  const cause = request ? 'Request' : textOf(detail['source']) === 'sql' ? 'SQL' : 'Cause';
  const type = textOf(detail['event_type']);
  return [
    { name: cause, state: 'done', main: request || null, note: type, wait: null },
    { name: 'Event', state: 'done', main: eventId, note: numberNote(detail), wait: null },
    publicationOf(detail, lost),
  ];
}

/** Webhook → Event → Kafka → Row. */
export function inboundStops(event: Fact, change: Fact | null, status: string): Stop[] {
  const { detail, event_id: eventId } = event;
  const wait = numberOf(detail['settled_after_ms']);
  const states: Record<string, StopState> = { queued: 'working', waiting: 'working', parked: 'failed' };
  return [
    {
      name: 'Webhook',
      state: 'done',
      main: textOf(detail['request_id']) || null,
      note: textOf(detail['event_type']).replace(/^\w+\./, ''),
      wait: null,
    },
    { name: 'Event', state: 'done', main: eventId, note: 'stored, then answered', wait: null },
    { name: 'Kafka', state: 'done', main: 'sync.inbound', note: null, wait: null },
    {
      name: 'Row',
      state: states[status] ?? 'done',
      main: change === null ? status : `version ${numberOf(change.detail['version']) ?? '?'}`,
      note: change === null ? 'no change of ours' : status,
      wait,
    },
  ];
}

function numberNote(detail: Fact['detail']): string | null {
  const place = numberOf(detail['number']);
  return place === null ? null : `id ${number(place)}`;
}

type Published = { topic: string; partition: number; offset: number; after_ms: number };

function publicationOf({ published }: Fact['detail'], lost: readonly Missing[]): Stop {
  const all = Array.isArray(published) ? (published as Published[]) : [];
  const place = all.find(({ topic }) => topic.endsWith('outbound')) ?? all[0];
  if (place)
    return {
      name: 'Kafka',
      state: 'done',
      main: place.topic,
      note: `${place.partition} @ ${number(place.offset)}`,
      wait: place.after_ms,
    };
  const isMissing = lost.some(({ step }) => step === 'publication');
  return {
    name: 'Kafka',
    state: isMissing ? 'missing' : 'working',
    main: isMissing ? 'not published' : '–',
    note: isMissing ? 'is a relay running?' : 'the relay is next',
    wait: null,
  };
}

function systemStop({ system, status, done, lost, tries }: AtSystem, call: Attempt | undefined): Stop {
  const isMissing = lost.some(({ step }) => step === 'receipt' || step === 'outcome');
  const state: StopState = done
    ? 'done'
    : status === 'parked'
      ? 'failed'
      : isMissing
        ? 'missing'
        : tries.length > 0 || status === 'waiting'
          ? 'working'
          : 'ahead';
  const sent = tries.filter(({ operation }) => operation !== 'look').length;
  const said = call
    ? [call.status ?? 'no answer', sent > 1 || call.error !== null ? `attempt ${sent}` : null]
        .filter((each) => each !== null)
        .join(' · ')
    : null;
  return {
    name: title(system),
    state,
    main:
      said ??
      (status === 'noop'
        ? 'equal already'
        : status === 'superseded'
          ? 'superseded'
          : isMissing
            ? 'no outcome'
            : '–'),
    note: call?.request ?? (call ? null : status === 'waiting' ? 'waits' : null),
    wait: done ? numberOf(done.detail['after_ms']) : null,
  };
}

function echoStop({ system, status, done, lost }: AtSystem, facts: readonly Fact[]): Stop {
  const echo = done?.detail['confirmed_by'];
  if (typeof echo === 'string') {
    const event = facts.find(({ what, event_id: id }) => what === 'inbound' && id === echo);
    return {
      name: 'Echo',
      state: 'done',
      main: echo,
      note: textOf(event?.detail['event_type']).replace(/^\w+\./, '') || null,
      wait: numberOf(done?.detail['confirmed_after_ms']),
    };
  }
  const late = lost.find(({ step }) => step === 'echo');
  if (late)
    return { name: 'Echo', state: 'missing', main: 'not seen', note: 'the sweep looks for it', wait: null };
  return {
    name: 'Echo',
    state: 'ahead',
    main: '–',
    note: status === 'applied' ? 'expected soon' : `expected after ${title(system)}`,
    wait: null,
  };
}
