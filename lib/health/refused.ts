// The events that Kafka refused from us, and the records of Kafka that we refused, as text: for
// /ready, `twinbox status` and `twinbox doctor`.
import { readRefusedCounts, type RefusedCount } from '../../db/health/refused-counts.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import type { Part } from './readiness.ts';

export type RefusedSaid = { says: string; fix: string };

export function sayRefused({ topic, reason, records, firstAt, lastAt, detail }: RefusedCount): RefusedSaid {
  const when = `since ${time(firstAt)}, the last ${time(lastAt)}`;
  const many = `${records} ${records === 1 ? 'record' : 'records'}`;
  if (reason === 'record_refused') {
    const event = text(detail?.['event_id']);
    return {
      says: `Kafka refused ${many} for ${topic} ${when}: ${text(detail?.['message'])}; consumers of that topic do not get them`,
      fix: `npx twinbox events show ${event}; a topic with a larger max.message.bytes accepts larger events.`,
    };
  }
  if (reason === 'other_installation') {
    const other = text(detail?.['installation']);
    return {
      says: `${many} on ${topic} ${when}, were refused: they belong to another installation${other === '' ? '' : ` (${other})`}`,
      fix: 'Give each installation topics of its own with KAFKA_TOPIC_PREFIX (docs/kafka.md).',
    };
  }
  return {
    says: `${many} on ${topic} ${when}, were refused (${reason}): another program writes to that topic`,
    fix: 'The notices on the dlq topic give the place of each; allow only Twinbox to write to its topics (docs/kafka.md).',
  };
}

export function refusedWarnings(counts: readonly RefusedCount[]): string[] {
  return counts.map(sayRefused).map(({ says, fix }) => `${says}. ${fix}`.replace(/\.$/, ''));
}

export function refusedFigures(counts: readonly RefusedCount[]): Record<string, unknown>[] {
  return counts.map(({ topic, reason, records, firstAt, lastAt }) => ({
    ...{ topic, reason, records, since: firstAt.toISOString(), last: lastAt.toISOString() },
  }));
}

/** This part is always ready: refused events and records hold up no others. */
export function refusedPart(db: Db, clock: Clock): () => Promise<Part> {
  return async () => {
    const counts = await readRefusedCounts(db, clock.now());
    return {
      ready: true,
      figures: { refused_records: refusedFigures(counts) },
      warnings: refusedWarnings(counts),
    };
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function time(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
