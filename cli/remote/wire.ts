// The answers of the API as the values that the same command reads from a database: what a command
// prints is made by one function, wherever the values come from.
//
// The casts trust the API: its answers are checked against its document (docs/openapi.json).
import type { AuditEntry } from '../../db/audit.ts';
import type { StoredConflict } from '../../db/conflicts.ts';
import type { ListedEvent } from '../../db/events/list.ts';
import type { ItemResult, ReplayJob } from '../../db/replays/jobs.ts';
import type { ExplainedGroup, GroupMember } from '../../lib/operations/error-groups.ts';
import type { Explanation } from '../../lib/operations/explain.ts';
import type { ShownKey } from '../../lib/operations/keys.ts';
import type { ShownLanes } from '../../lib/operations/lane-list.ts';
import type { PauseOutcome, ResumeOutcome } from '../../lib/operations/lanes.ts';
import type { PlannedItem } from '../../lib/operations/replay-plan.ts';
import type { Story } from '../../lib/operations/story.ts';
import type { Traffic } from '../../lib/operations/traffic.ts';
import type { Timeline } from '../../lib/operations/timeline.ts';

export type Json = Record<string, unknown>;

/** `first_seen: '…'` becomes `firstSeen: Date`; what is inside a member stays as it is. */
function inner<T>(json: unknown, more: Json = {}): T {
  const members = Object.entries(json as Json).map(([name, value]) => [camel(name), valueOf(name, value)]);
  return { ...(Object.fromEntries(members) as Json), ...more } as T;
}

const TIMES = /(^|_)(at|since|until|seen|oldest)$/;

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
      lastIntent: pair['last_request'] ?? null,
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

export function toEntry(json: Json): AuditEntry {
  const { system, pairs } = json;
  // The moment stays the text that is hashed.
  return { ...json, system: system ?? '', pairCount: pairs, pairsHash: '' } as AuditEntry;
}

export const toJob = (json: Json): ReplayJob => inner(json, { planHash: json['plan'], selection: null });

const rowOf = ({ mapping, customer }: Json): Json => ({ mappingId: mapping, rowId: customer });

export const toFailure = (json: Json): ItemResult => inner(json, rowOf(json));

export const toPlanned = (json: Json, system: string): PlannedItem => inner(json, { ...rowOf(json), system });

export const toPaused = (json: Json): PauseOutcome => {
  const { outcome, in_progress: inProgress } = json;
  return { outcome, inProgress, pause: inner(json) } as PauseOutcome;
};

export const toResumed = (json: Json): ResumeOutcome => inner(json);

export function toLanes(json: Json): ShownLanes {
  const { count, customers } = json['paused_customers'] as { count: number; customers: Json[] };
  const rows = customers.map((each) => inner(each, { entityType: each['entity'], rowId: each['customer'] }));
  return inner(json, {
    lanes: list(json['lanes']).map((lane) => inner(lane)),
    paused: { count, rows },
    budgets: list(json['quotas']).map((quota) => inner(quota)),
  });
}

export function toTraffic(json: Json): Traffic {
  return inner(json, {
    lanes: list(json['lanes']).map((lane) =>
      inner(lane, {
        calls: inner(lane['calls_last_minute']),
        events: lane['events_last_minute'],
        budgets: list(lane['quotas']).map((quota) => inner(quota)),
      }),
    ),
    inbound: json['inbound_last_minute'],
    notReceived: inner(json['published_not_received']),
  });
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
