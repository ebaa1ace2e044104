// The answers of the API as the values that the same command reads from a database: what a command
// prints is made by one function, wherever the values come from.
//
// The casts trust the API: its answers are checked against its document (docs/openapi.json).
import type { StoredConflict } from '../../db/conflicts.ts';
import type { ListedEvent } from '../../db/events/list.ts';
import type { ExplainedGroup, GroupMember } from '../../lib/operations/error-groups.ts';
import type { Explanation } from '../../lib/operations/explain.ts';
import type { ShownKey } from '../../lib/operations/keys.ts';
import type { Story } from '../../lib/operations/story.ts';
import type { Timeline } from '../../lib/operations/timeline.ts';

export type Json = Record<string, unknown>;

/** `first_seen: '…'` becomes `firstSeen: Date`; what is inside a member stays as it is. */
function inner<T>(json: unknown, more: Json = {}): T {
  const members = Object.entries(json as Json).map(([name, value]) => [camel(name), valueOf(name, value)]);
  return { ...(Object.fromEntries(members) as Json), ...more } as T;
}

const TIMES = /(^|_)(at|since|seen)$/;

function valueOf(name: string, value: unknown): unknown {
  return TIMES.test(name) && typeof value === 'string' ? new Date(value) : value;
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

const list = (json: unknown): Json[] => json as Json[];
const innerOrNull = <T>(json: unknown): T | null => (json === null ? null : inner<T>(json));

export function toExplanation(json: Json): Explanation {
  return inner(json, {
    customer: innerOrNull(json['customer']),
    pairs: list(json['pairs']).map(toPair),
    notReceived: list(json['not_received']).map((each) => ({
      ...{ system: each['system'], newest: each['newest_change'], obstacles: each['not_now'] },
    })),
    conflicts: json['open_conflicts'],
    unmatched: list(json['unmatched']).map((each) => inner(each)),
  });
}

function toPair(pair: Json): Json {
  const sent = { pushedVersion: pair['sent_version'] };
  return inner(pair, {
    mapping: inner(pair, { id: pair['mapping'], internalId: pair['customer'], ...sent }),
    ...{
      closing: innerOrNull(pair['closed']),
      version: pair['our_version'],
      isDone: pair['to_do'] === false,
    },
    ...{ open: pair['open_deliveries'], obstacles: pair['not_now'], remedies: pair['can_do'] },
    fields: list(pair['fields']).map((each) => ({
      ...{ field: each['field'], ours: each['ours'], known: each['theirs_known'] },
      ...('theirs_read' in each && { read: each['theirs_read'] }),
      ...{ left: each['left_because'], differs: each['differs'] },
    })),
  });
}

export const toListedEvent = (json: Json): ListedEvent => inner(json);
export const toKey = (json: Json): ShownKey => inner(json);
export const toMember = (json: Json): GroupMember => inner(json);

export function toGroup(json: Json): ExplainedGroup {
  return inner(json, { example: innerOrNull(json['example']) });
}

export function toConflict(json: Json): StoredConflict {
  return inner(json, { internalId: json['customer'] });
}

export function toTimeline(json: Json): Timeline {
  return {
    event: inner(json, { id: json['sync_events_id'] }),
    published: list(json['published']).map((each) => inner(each)),
    deliveries: list(json['deliveries']).map((each) =>
      inner(each, {
        createdAt: new Date(String(each['received_at'])),
        mapping: innerOrNull(each['mapping']),
        intent: innerOrNull(each['intent']),
        before: list(each['intents_before']).map((intent) => inner(intent)),
        calls: list(each['calls']).map((call) => inner(call, { at: new Date(String(call['answered_at'])) })),
      }),
    ),
    actions: list(json['operator_actions']).map((each) => inner(each)),
    ledTo: list(json['led_to']).map((each) => inner(each)),
    confirmed: list(json['confirmed']).map((each) => inner(each)),
  };
}

export function toStory(json: Json, next: string | null): Story {
  const gone = json['beyond_retention'] as { before: string } | null;
  return {
    facts: list(json['items']).map((item) => {
      const { published = [], ...detail } = item['detail'] as Json & { published?: Json[] };
      const places = published.map((each) => inner(each, { savedAt: new Date(String(each['at'])) }));
      return inner(item, { kind: item['what'], detail, published: places });
    }),
    missing: list(json['missing']).map((each) => inner(each)),
    beyondRetention: gone && new Date(gone.before),
    next,
  };
}
