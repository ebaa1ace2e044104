// What becomes of a record on our topics that is not what its topic is for: a notice on the dlq, and the ones behind it go on.
//
// Guarantees: the notice is committed before the record's offset is; a record that comes again makes no second one; a notice says
// where the record lies, how large it is and what was wrong with it, and never what it holds. A flood makes at most
// NOTICES_PER_MINUTE + 1 rows a minute for each partition. A crash after the notice and before the offset: the record comes again
// and has its notice.

import { createHash } from 'node:crypto';
import { withTransaction, type Db } from '../db/connection.ts';
import { insertRecordNotices, type RecordNotice } from '../db/refused-records.ts';
import type { Bus, Received } from '../lib/bus/bus.ts';
import type { Clock } from '../lib/clock.ts';
import { uuidFromTime } from '../lib/uuid.ts';

export type RefusedRecord = {
  record: Received;
  reason: string;
  /** For the log alone: a pointer can name a field, and a field's name can be anything. */
  problems?: readonly string[];
};

export type RefusalDeps = {
  db: Db;
  clock: Clock;
  log: { warn(event: string, fields: Record<string, unknown>): void };
};

export const NOTICES_PER_MINUTE = 20;

/** Notes them all; what it throws has to bring the batch again. */
export async function noteRefused(
  bus: Pick<Bus, 'identity'>,
  deps: RefusalDeps,
  refused: readonly RefusedRecord[],
): Promise<void> {
  if (refused.length === 0) return;
  const { db, clock, log } = deps;
  const identity = await bus.identity();
  const now = clock.now();
  const minute = Math.floor(now.getTime() / 60_000) * 60_000;
  for (const [place, some] of Map.groupBy(refused, ({ record }) => `${record.topic}/${record.partition}`)) {
    const [first] = some;
    if (first === undefined) continue;
    const { topic, partition } = first.record;
    log.warn('receive.not_an_envelope', {
      ...{ topic, partition, offset: first.record.offset, records: some.length },
      ...{ reason: first.reason, problems: first.problems },
    });
    const floodId = idOf(minute, `${identity}/${place}/flood`);
    const notices = some.map((one) => toNotice(identity, one));
    await withTransaction(db, (tx) =>
      insertRecordNotices(tx, { topic, partition }, notices, { perMinute: NOTICES_PER_MINUTE, floodId, now }),
    );
  }
}

function toNotice(identity: string, { record, reason }: RefusedRecord): RecordNotice {
  const { topic, partition, offset, timestamp, key, value, headers } = record;
  return {
    eventId: idOf(timestamp ?? 0, nameOf(identity, record)),
    offset,
    reason,
    detail: {
      bus: identity,
      ...{ topic, partition, offset },
      key_bytes: key === null ? null : Buffer.byteLength(key),
      value_bytes: value === null ? null : Buffer.byteLength(value),
      headers: Object.keys(headers).length,
    },
  };
}

/** A place names a record for good only where the bus outlives us; in process it is the event that comes again. */
function nameOf(identity: string, { topic, partition, offset, eventId }: Received): string {
  const place = identity === 'in-process' ? eventId : `${partition}/${offset}`;
  return `${identity}/${topic}/${place}`;
}

/** A foreign record can claim any time. */
function idOf(ms: number, name: string): string {
  const time = Number.isInteger(ms) && ms >= 0 && ms < 2 ** 48 ? ms : 0;
  return uuidFromTime(time, createHash('sha256').update(name).digest());
}
