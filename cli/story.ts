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

function detailOf({ kind, system, eventId, detail }: Told): string {
  const text = (name: string): string | null => {
    const value = detail[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  };
  const named = (name: string, before: string): string[] => {
    const value = text(name);
    return value === null ? [] : [`${before}${value}`];
  };
  const say = (...parts: string[]): string => parts.filter((part) => part !== '').join(', ');
  const error = named('error', 'error ');
  switch (kind) {
    case 'change':
      return say(
        `${text('event_type')}, version ${text('version') ?? '–'}, by ${text('source')}`,
        ...causes(detail['context']),
        eventId ?? '',
      );
    case 'inbound': {
      const confirms = Array.isArray(detail['confirms']) ? detail['confirms'].length : 0;
      const outcome = `${text('status')}${took(detail['settled_after_ms'])}`;
      const request = named('request_id', 'request ');
      return say(
        text('event_type') ?? '',
        outcome,
        ...error,
        ...request,
        confirms > 0 ? `confirms ${confirms}` : '',
        eventId ?? '',
      );
    }
    case 'received':
      return say(
        `${system}: ${text('event_type')} version ${text('version') ?? '–'}${took(detail['after_ms'])}`,
      );
    case 'write':
      return say(
        `${system}: ${text('operation')} of version ${text('version')}, ${text('result')}${took(detail['took_ms'])}`,
        ...named('key', 'key '),
      );
    case 'call':
      return say(
        `${system}: ${text('operation')} ${text('http_status') ?? 'no answer'}${detail['replayed'] === true ? ' (replayed)' : ''}`,
        `${text('latency_ms')} ms`,
        ...named('request_id', 'request '),
        ...error,
      );
    case 'settled':
      return say(
        `${system}: ${text('status')}${took(detail['after_ms'])}`,
        ...named('superseded_by', 'by '),
        ...error,
        ...named('confirmed_by', 'confirmed by '),
      );
    case 'conflict':
      return say(
        `${text('kind')} of ${text('field') ?? 'the whole'}: ${text('winner')} kept by ${text('rule')}`,
        ...named('note', ''),
        text('conflict_id') ?? '',
      );
    case 'operator':
      return say(
        `${text('action')} by ${text('actor')}${text('reason') === null ? '' : `: ${text('reason')}`}`,
      );
    case 'dropped':
      return say(`${system}: ${text('event_type')} was ${text('status')} when retention closed it`, ...error);
  }
}

/** What caused a change: a request of the API, an inbound event, an operator. */
function causes(context: unknown): string[] {
  return typeof context === 'object' && context !== null
    ? Object.entries(context).map(([name, value]) => `${name} ${String(value)}`)
    : [];
}

function took(ms: unknown): string {
  return typeof ms === 'number' ? ` after ${ms} ms` : '';
}
