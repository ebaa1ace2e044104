// The grammar of the list of operations: the same names and times in a URL and on the command line.
import type { AuditEntry, AuditFilter } from '../../db/audit.ts';
import type { Violation } from '../catalogue/check.ts';
import { parseTime, says } from './event-query.ts';

/** As texts: what `?action=pause&since=2h` and `--action pause --since 2h` say. */
export type AuditWords = {
  actor?: string;
  action?: string;
  system?: string;
  customer?: number;
  since?: string;
  until?: string;
};

/** Every action that an entry can have. */
export const auditActions = [
  ...['pause', 'resume', 'pause_outbound', 'resume_outbound', 'pause_inbound', 'resume_inbound', 'pause_row'],
  ...['resume_row', 'replay', 'pause_replay', 'resume_replay', 'cancel_replay', 'close', 'resolve', 'link'],
  ...['release_deletes', 'decide_delete', 'reverse_conflict', 'repair', 'connect', 'allow_beside_original'],
  ...[
    'set_credential',
    'create_key',
    'rotate_key',
    'revoke_key',
    'migrate',
    'declare_move',
    'declare_copy',
    'adopt_bus',
    'divide_relay',
  ],
  'retire_audit',
];

export const auditPatterns = { system: '^[a-z][a-z0-9_\\-]{0,99}$' };

export const auditSays = {
  action: `must be one of ${auditActions.join(', ')}`,
  system: 'must be the name of a system: lowercase letters, digits, underscores and dashes',
};

/** The filter that the words ask for, or what is wrong with each word. */
export function readAuditWords(
  words: AuditWords,
  { entity, now }: { entity: string; now: Date },
): { query: Omit<AuditFilter, 'limit' | 'after'> } | { violations: Violation[] } {
  const violations: Violation[] = [];
  const time = (name: 'since' | 'until'): Date | undefined => {
    const text = words[name];
    const at = text === undefined ? undefined : parseTime(text, now);
    if (at === null) violations.push({ pointer: `/${name}`, rule: 'format', detail: says.time });
    return at ?? undefined;
  };
  const [since, until] = [time('since'), time('until')];
  if (since && until && since >= until)
    violations.push({ pointer: '/until', rule: 'range', detail: 'must be later than since' });
  if (violations.length > 0) return { violations };
  const { actor, action, system, customer } = words;
  const row = customer === undefined ? undefined : { entity, id: customer };
  return { query: { actor, action, system, row, since, until } };
}

/** An entry as the API and commands show it. */
export function auditJson(entry: AuditEntry): Record<string, unknown> {
  const { id, at, action, system, actor, key, reason, detail, before, after } = entry;
  const { pairCount: pairs, previous, hash } = entry;
  return {
    ...{ id, at, action, system: system === '' ? null : system, actor, key, reason },
    ...{ before, after, detail, pairs, previous, hash },
  };
}

/**
 * What an entry is about, for a person: a replay, a lane, a key, a customer, or the only record that it names; null
 * where the action and the system say it all.
 */
export function aboutOf({
  action,
  detail,
  system,
}: Pick<AuditEntry, 'action' | 'detail' | 'system'>): string | null {
  const of = (detail ?? {}) as Record<string, unknown>;
  const { job, id, name, row, entity, customer, external_id: record } = of;
  if (isPlain(job)) return `replay ${job}`;
  if (action.endsWith('_key') && isPlain(id)) return `key ${isPlain(name) ? `${name}/` : ''}${id}`;
  const [, direction] = /^(?:pause|resume)_(outbound|inbound)$/.exec(action) ?? [];
  if (direction !== undefined) return `lane ${system} ${direction}`;
  if (isPlain(row)) return `${isPlain(entity) ? entity : 'row'} ${row}`;
  if (isPlain(customer)) return `customer ${customer}`;
  return isPlain(record) ? `record ${record}` : null;
}

function isPlain(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
