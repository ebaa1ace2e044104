// The calls of a timeline, each with the trip that it was made for.

import type { Fact } from './facts.ts';

export type Attempt = {
  at: string;
  system: string;
  operation: string;
  /** HTTP; null if no answer came. */
  status: number | null;
  ms: number | null;
  /** The idempotency key of its write; null for a read. */
  key: string | null;
  intent: string | null;
  request: string | null;
  error: string | null;
  /** The answer was that of an earlier call with the same key. */
  isRepeat: boolean;
};

/**
 * By the fact at which a trip begins. A call of a write belongs to the change whose version was written, a read to
 * the trip that had begun last. `facts` and `begins` are oldest first.
 */
export function attemptsOf(facts: readonly Fact[], begins: readonly Fact[]): Map<Fact, Attempt[]> {
  const starts = begins.toSorted((a, b) => a.at.localeCompare(b.at));
  const writes = new Map(
    facts.filter(({ what }) => what === 'write').map((fact) => [fact.detail['intent_id'], fact]),
  );
  const found = new Map<Fact, Attempt[]>();
  for (const fact of facts.filter(({ what }) => what === 'call')) {
    const write = writes.get(fact.detail['intent_id']);
    const version = write?.detail['version'];
    const owner =
      starts.find(
        ({ what, detail }) =>
          what === 'change' && typeof version === 'number' && detail['version'] === version,
      ) ?? starts.findLast(({ at }) => at <= fact.at);
    if (owner) found.set(owner, [...(found.get(owner) ?? []), attemptOf(fact, write)]);
  }
  return found;
}

function attemptOf({ at, system, detail }: Fact, write: Fact | undefined): Attempt {
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const whole = (value: unknown) => (typeof value === 'number' ? value : null);
  return {
    at,
    system: system ?? '',
    operation: text(detail['operation']) ?? '',
    status: whole(detail['http_status']),
    ms: whole(detail['latency_ms']),
    key: text(write?.detail['key']),
    intent: text(detail['intent_id']),
    request: text(detail['request_id']),
    error: text(detail['error']),
    isRepeat: detail['replayed'] === true,
  };
}

/** What it meant, in words. */
export function meaningOf({ operation, status, error, isRepeat }: Attempt): string {
  if (isRepeat) return 'the first answer again: it was carried out before';
  if (error !== null) {
    if (status === 429) return `rate limited: ${error.replaceAll('_', ' ')}; it is tried again`;
    if (status === null) return `no answer: ${error.replaceAll('_', ' ')}; the same key is sent again`;
    return status >= 500
      ? `failed there: ${error.replaceAll('_', ' ')}`
      : `refused: ${error.replaceAll('_', ' ')}`;
  }
  return MEANINGS[operation] ?? operation;
}

const MEANINGS: Record<string, string> = {
  look: 'looked whether the record is there already',
  read: 'read the record',
  create: 'created the record',
  update: 'changed the record',
  delete: 'deleted the record',
};
