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

export const auditPatterns = { action: '^[a-z][a-z_]{0,99}$', system: '^[a-z][a-z0-9_\\-]{0,99}$' };

export const auditSays = {
  action: 'must be an action such as pause or release_deletes: lowercase letters and underscores',
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
