// The facts of a timeline as trips: one for each change of ours with what became of it at each system, and one
// for each event that came in. Pure: facts in, trips out.

import { attemptsOf, type Attempt } from './attempts.ts';
import { contextOf, numberOf, textOf, title, type Conflict, type Fact, type Missing } from './facts.ts';
import { inboundStops, outboundStops, stopsBefore, type AtSystem, type Stop } from './stops.ts';

export type FieldChange = { field: string; from: unknown; to: unknown };

export type Trip = {
  /** The id of its event, or a key of its own. */
  id: string;
  at: string;
  what: string;
  version: number | null;
  who: string | null;
  /** A note before the outcome. */
  note: { tone: 'bad' | 'wait' | 'plain'; text: string } | null;
  /** A state, as pills name it; null for an act of a person. */
  outcome: string | null;
  /** Milliseconds to its end; null if there is none. */
  total: number | null;
  isRunning: boolean;
  rails: { system: string; stops: Stop[] }[];
  attempts: Attempt[];
  conflicts: Conflict[];
  changes: FieldChange[];
};

/** What is known besides the facts. */
export type Beside = {
  now: Date;
  missing: readonly Missing[];
  conflicts: readonly Conflict[];
  /** What each version changed, by the id of its event; an event that is not there is not known. */
  changes: ReadonlyMap<string, readonly FieldChange[]>;
};

const CHANGE = /\.(created|updated|deleted|restored)$/;

/** Newest first. */
export function tripsOf(items: readonly Fact[], beside: Beside): Trip[] {
  const facts = items.toSorted((a, b) => a.at.localeCompare(b.at));
  const changes = facts.filter(
    ({ what, detail }) => what === 'change' && CHANGE.test(textOf(detail['event_type'])),
  );
  const inbound = facts.filter(({ what, detail }) => what === 'inbound' && detail['status'] !== 'echo');
  const known = new Set(inbound.map(({ event_id: id }) => id));
  const ours = changes.filter(({ detail }) => !known.has(causeOf(detail)));
  const attempts = attemptsOf(facts, [...ours, ...inbound]);
  const trips = [
    ...ours.map((change) => outboundTrip(change, facts, attempts, beside)),
    ...inbound.map((event) => inboundTrip(event, changes, attempts, beside)),
    ...facts.filter(({ what }) => what === 'operator').map(actTrip),
  ];
  return trips.toSorted((a, b) => b.at.localeCompare(a.at) || (a.id < b.id ? 1 : -1));
}

function outboundTrip(
  change: Fact,
  facts: readonly Fact[],
  attempts: ReadonlyMap<Fact, Attempt[]>,
  beside: Beside,
): Trip {
  const { detail, at, event_id: eventId } = change;
  const mine = attempts.get(change) ?? [];
  const settled = facts.filter(
    ({ what, event_id: of, detail: { status } }) =>
      what === 'settled' && of === eventId && status !== 'origin',
  );
  const received = facts.filter(({ what, event_id: of }) => what === 'received' && of === eventId);
  const systems = [...new Set([...received, ...settled].map(({ system }) => system ?? ''))];
  const missing = beside.missing.filter((step) => step.event_id === eventId);
  const states = systems.map((system) => {
    const done = settled.find((fact) => fact.system === system) ?? null;
    const status = textOf(
      done?.detail['status'] ?? received.find((fact) => fact.system === system)?.detail['status'] ?? 'queued',
    );
    return {
      system,
      done,
      status,
      lost: missing.filter((step) => step.system === system || step.system === null),
      tries: mine.filter((each) => each.system === system),
    };
  });
  const parts = { facts, change, beside };
  const ends = states.flatMap(({ done }) => (done ? [endOf(done)] : []));
  const isRunning = states.some(({ status }) => ['queued', 'waiting'].includes(status));
  const end = isRunning ? beside.now.getTime() : Math.max(0, ...ends);
  return {
    ...headOf(change, textOf(detail['event_type']).replace(/^.*\./, '')),
    who: whoOf(detail),
    note: noteOf(states, beside.now),
    outcome: worst(states.map(outcomeOf)),
    total: end > 0 ? Math.max(0, end - Date.parse(at)) : null,
    isRunning,
    rails:
      states.length === 0
        ? [{ system: 'the systems', stops: stopsBefore(change, missing) }]
        : states.map((state) => ({ system: state.system, stops: outboundStops(state, parts) })),
    attempts: mine,
    conflicts: beside.conflicts.filter(
      ({ intent_id: intent }) => intent !== null && mine.some((each) => each.intent === intent),
    ),
    changes: [...(beside.changes.get(eventId ?? '') ?? [])],
  };
}

function inboundTrip(
  event: Fact,
  changes: readonly Fact[],
  attempts: ReadonlyMap<Fact, Attempt[]>,
  beside: Beside,
): Trip {
  const { detail, system, event_id: eventId } = event;
  const change = changes.find((each) => causeOf(each.detail) === eventId) ?? null;
  const conflicts = beside.conflicts.filter((each) => each.event_id === eventId);
  const status = textOf(detail['status']);
  const verb = textOf(detail['event_type']).replace(/^.*\./, '');
  const isRunning = ['queued', 'waiting'].includes(status);
  const took = numberOf(detail['settled_after_ms']);
  return {
    ...headOf(event, `${verb === 'updated' ? 'changed' : verb} at ${title(system ?? 'the system')}`),
    version: change === null ? null : numberOf(change.detail['version']),
    who: detail['request_id'] === null || detail['request_id'] === undefined ? 'by hand' : null,
    note:
      conflicts.length > 0
        ? { tone: 'plain', text: `${conflicts.length} ${conflicts.length === 1 ? 'conflict' : 'conflicts'}` }
        : errorNote(detail['error']),
    outcome: conflicts.length > 0 && status === 'applied' ? 'partly' : status,
    total: isRunning ? beside.now.getTime() - Date.parse(event.at) : took,
    isRunning,
    rails: [{ system: system ?? '', stops: inboundStops(event, change, status) }],
    attempts: attempts.get(event) ?? [],
    conflicts,
    changes: [...(beside.changes.get(change?.event_id ?? '') ?? [])],
  };
}

const ACTS: Record<string, string> = {
  replay: 'replayed',
  resolve: 'decided',
  link: 'linked',
  reverse: 'reversed',
  close: 'closed',
};

function actTrip({ at, event_id: eventId, detail }: Fact): Trip {
  const action = textOf(detail['action']);
  const reason = textOf(detail['reason'] ?? '');
  return {
    id: `${eventId ?? 'act'}-${at}`,
    at,
    what: ACTS[action] ?? action.replaceAll('_', ' '),
    version: null,
    who: [textOf(detail['actor']), reason && `“${reason}”`].filter(Boolean).join(' · '),
    note: null,
    outcome: null,
    total: null,
    ...{ isRunning: false, rails: [], attempts: [], conflicts: [], changes: [] },
  };
}

function headOf({ at, event_id: id, detail }: Fact, what: string) {
  return { id: id ?? at, at, what, version: numberOf(detail['version']) };
}

function outcomeOf({ status, done, lost, tries }: AtSystem): string {
  if (status === 'applied') {
    if (typeof done?.detail['confirmed_by'] === 'string') return 'confirmed';
    return lost.some(({ step }) => step === 'echo') ? 'unconfirmed' : 'applied';
  }
  return status === 'queued' && tries.some(({ error }) => error !== null) ? 'retrying' : status;
}

const WORST = ['parked', 'waiting', 'retrying', 'queued', 'unconfirmed', 'conflict', 'applied', 'confirmed'];

/** Of several systems the one that needs most. */
function worst(outcomes: readonly string[]): string | null {
  return WORST.find((each) => outcomes.includes(each)) ?? outcomes[0] ?? null;
}

function noteOf(states: readonly AtSystem[], now: Date): Trip['note'] {
  for (const { status, lost } of states) {
    const [first] = lost;
    if (!first || status === 'parked' || status === 'waiting') continue;
    const minutes = Math.max(1, Math.round((now.getTime() - Date.parse(first.since)) / 60_000));
    return {
      tone: 'bad',
      text: `no ${first.step} for ${minutes} min, promised within ${first.promised_within}`,
    };
  }
  const failed = states
    .flatMap(({ status, tries }) => (['queued', 'parked', 'waiting'].includes(status) ? tries : []))
    .findLast(({ error }) => error !== null);
  return failed ? { tone: 'wait', text: (failed.error ?? '').replaceAll('_', ' ') } : null;
}

function errorNote(error: unknown): Trip['note'] {
  return typeof error === 'string' ? { tone: 'wait', text: error.replaceAll('_', ' ') } : null;
}

function endOf({ at, detail }: Fact): number {
  return Date.parse(typeof detail['confirmed_at'] === 'string' ? detail['confirmed_at'] : at);
}

function causeOf(detail: Fact['detail']): string {
  return textOf(contextOf(detail)['caused_by']);
}

function whoOf(detail: Fact['detail']): string {
  const actor = textOf(contextOf(detail)['actor'])
    .replace(/^key:/, 'api key ')
    .replace(/\/\w+$/, '');
  const source = textOf(detail['source']);
  return actor || { internal: 'API', sql: 'SQL' }[source] || title(source);
}
