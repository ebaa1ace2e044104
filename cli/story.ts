// The story of one row, as lines for a person.
import type { Story, StoryOrder, Told } from '../lib/operations/story.ts';
import { PROMISED } from '../lib/operations/story.ts';
import { preciseTime, shortTime } from './choices.ts';
import { table } from './output.ts';

type Line = { at: Date | null; what: string; detail: string };

export function storyLines(story: Story, order: StoryOrder): string[] {
  const facts = story.facts.flatMap((fact) => {
    const lines = factLines(fact);
    return order === 'newest' ? lines.toReversed() : lines;
  });
  const kept = story.beyondRetention;
  const gone: Line[] =
    kept === null
      ? []
      : [{ at: null, what: 'beyond retention', detail: `before ${shortTime(kept)} not everything is kept` }];
  const all = order === 'newest' ? [...facts, ...(story.next === null ? gone : [])] : [...gone, ...facts];
  return [
    ...table(all.map(({ at, what, detail }) => [at ? preciseTime(at) : ''.padEnd(23), what, detail])),
    ...missingLines(story),
  ];
}

function missingLines({ missing }: Story): string[] {
  return missing.map(({ step, system, eventId, since, status, error, reason }) => {
    const state = [status, reason, error].filter((part) => part !== null).join(', ');
    return `! missing: the ${step}${system === null ? '' : ` at ${system}`} of ${eventId}, awaited since ${shortTime(since)}, promised within ${PROMISED[step]}${state === '' ? '' : ` (${state})`}`;
  });
}

function factLines(fact: Told): Line[] {
  const { at, kind, published } = fact;
  return [
    { at, what: kind, detail: detailOf(fact) },
    ...published.map(({ topic, partition, offset, savedAt }) => ({
      at: savedAt,
      what: 'published',
      detail: `${topic}, partition ${partition}, offset ${offset}${took(savedAt.getTime() - at.getTime())}`,
    })),
  ];
}

/** One detail of a fact, as text; null if it has none. */
function textOf({ detail }: Told, name: string): string | null {
  const value = detail[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function named(fact: Told, name: string, before: string): string[] {
  const value = textOf(fact, name);
  return value === null ? [] : [`${before}${value}`];
}

function detailOf(fact: Told): string {
  return SAYS[fact.kind](fact)
    .filter((part) => part !== '')
    .join(', ');
}

const SAYS: Record<Told['kind'], (fact: Told) => string[]> = {
  change: (fact) => [
    `${textOf(fact, 'event_type')}, version ${textOf(fact, 'version') ?? '–'}, by ${textOf(fact, 'source')}`,
    ...causes(fact.detail['context']),
    fact.eventId ?? '',
  ],
  inbound: (fact) => {
    const { confirms } = fact.detail;
    const confirmed = Array.isArray(confirms) ? confirms.length : 0;
    return [
      textOf(fact, 'event_type') ?? '',
      `${textOf(fact, 'status')}${took(fact.detail['settled_after_ms'])}`,
      ...named(fact, 'error', 'error '),
      ...named(fact, 'request_id', 'request '),
      confirmed > 0 ? `confirms ${confirmed}` : '',
      fact.eventId ?? '',
    ];
  },
  received: (fact) => [
    `${fact.system}: ${textOf(fact, 'event_type')} version ${textOf(fact, 'version') ?? '–'}${took(fact.detail['after_ms'])}`,
  ],
  write: (fact) => [
    `${fact.system}: ${textOf(fact, 'operation')} of version ${textOf(fact, 'version')}, ${textOf(fact, 'result')}${took(fact.detail['took_ms'])}`,
    ...named(fact, 'key', 'key '),
  ],
  call: (fact) => [
    `${fact.system}: ${textOf(fact, 'operation')} ${textOf(fact, 'http_status') ?? 'no answer'}${fact.detail['replayed'] === true ? ' (replayed)' : ''}`,
    // Before the long id: a narrow terminal cuts the end of a line.
    ...named(fact, 'error', 'error '),
    `${textOf(fact, 'latency_ms')} ms`,
    ...named(fact, 'request_id', 'request '),
  ],
  settled: (fact) => [
    `${fact.system}: ${textOf(fact, 'status')}${took(fact.detail['after_ms'])}`,
    ...named(fact, 'superseded_by', 'by '),
    ...named(fact, 'error', 'error '),
    ...named(fact, 'confirmed_by', 'confirmed by '),
  ],
  conflict: (fact) => [
    `${textOf(fact, 'kind')} of ${textOf(fact, 'field') ?? 'the whole'}: ${textOf(fact, 'winner')} kept by ${textOf(fact, 'rule')}`,
    ...named(fact, 'note', ''),
    textOf(fact, 'conflict_id') ?? '',
  ],
  operator: (fact) => [
    `${textOf(fact, 'action')} by ${textOf(fact, 'actor')}${named(fact, 'reason', ': ').join('')}`,
  ],
  dropped: (fact) => [
    `${fact.system}: ${textOf(fact, 'event_type')} was ${textOf(fact, 'status')} when retention closed it`,
    ...named(fact, 'error', 'error '),
  ],
};

/** What caused a change: a request of the API, an inbound event, an operator. */
function causes(context: unknown): string[] {
  return typeof context === 'object' && context !== null
    ? Object.entries(context).map(([name, value]) => `${name} ${String(value)}`)
    : [];
}

function took(ms: unknown): string {
  return typeof ms === 'number' ? ` after ${ms} ms` : '';
}
