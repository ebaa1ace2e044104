// Handles a record on our topics that is not of the kind of its topic: a notice about it is
// published to the dlq, and the records after it are received.
//
// Guarantees: the notice is committed before the record's offset. A record that is read again gets
// no second notice. A notice says where the record is, how large it is and what was wrong with it,
// and never has its content. Many refused records make at most NOTICES_PER_MINUTE + 1 rows a minute
// for each partition; records that another installation publishes make one row for each minute in
// which they were published. Every refused record is counted (db/health/refused-counts.ts). After a
// crash between the notice and the offset the record is read again; it has its notice, and it is
// counted once more.

import { createHash } from 'node:crypto';
import { withTransaction, type Db } from '../db/server/connection.ts';
import { countRefusedRecords } from '../db/health/refused-counts.ts';
import { insertRecordNotices, type RecordNotice } from '../db/events/refused-records.ts';
import type { Bus, Received } from '../lib/bus/bus.ts';
import type { Clock } from '../lib/clock.ts';
import { uuidFromTime } from '../lib/uuid.ts';

export type RefusedRecord = {
  record: Received;
  reason: string;
  /** The installation that the record names, if the record is refused for that reason. */
  installation?: string;
  /** Only for the log: a problem can contain the name of a field, and that name can be any text. */
  problems?: readonly string[];
};

export type RefusalDeps = {
  db: Db;
  clock: Clock;
  log: { warn(event: string, fields: Record<string, unknown>): void };
};

export const NOTICES_PER_MINUTE = 20;

/** Stores the notices. If it throws, the caller must have the batch delivered again. */
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
    log.warn(first.installation === undefined ? 'receive.not_an_envelope' : 'receive.other_installation', {
      ...{ topic, partition, offset: first.record.offset, records: some.length },
      ...{ reason: first.reason, problems: first.problems },
    });
    const floodId = idOf(minute, `${identity}/${place}/flood`);
    const notices = toNotices(identity, some);
    const counts = [...Map.groupBy(some, ({ reason }) => reason)].map(([reason, { length: records }]) => {
      const { offset, detail } = notices.findLast((one) => one.reason === reason) ?? {};
      return { reason, records, detail: { ...detail, offset } };
    });
    await withTransaction(db, async (tx) => {
      await insertRecordNotices(tx, { topic, partition }, notices, {
        ...{ perMinute: NOTICES_PER_MINUTE, floodId, now },
      });
      await countRefusedRecords(tx, topic, counts, now);
    });
  }
}

/** One notice for each record; for records of another installation one for each minute. */
function toNotices(identity: string, refused: readonly RefusedRecord[]): RecordNotice[] {
  const theirs = Map.groupBy(refused, ({ record, installation }) =>
    installation === undefined ? null : `${installation}/${minuteOf(record)}`,
  );
  const others = [...theirs].filter(([key]) => key !== null);
  return [
    ...(theirs.get(null) ?? []).map((one) => toNotice(identity, one)),
    ...others.flatMap(([key, some]) => {
      const [first] = some;
      if (first === undefined) return [];
      const { topic, partition } = first.record;
      const notice = toNotice(identity, first);
      return {
        ...notice,
        eventId: idOf(minuteOf(first.record), `${identity}/${topic}/${partition}/${key}`),
        detail: { ...notice.detail, records: some.length, installation: shownId(first.installation) },
      };
    }),
  ];
}

function minuteOf({ timestamp }: Received): number {
  return Math.floor((timestamp ?? 0) / 60_000) * 60_000;
}

/** The installation's id if it has the form of one, since a record can name any text. */
function shownId(installation = ''): string | null {
  return /^[a-z0-9]{1,32}$/.test(installation) ? installation : null;
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

/**
 * A name that stays the same when the record is read again: its place in Kafka, or its event id on
 * the bus in one process, where places begin again at each start.
 */
function nameOf(identity: string, { topic, partition, offset, eventId }: Received): string {
  const place = identity === 'in-process' ? eventId : `${partition}/${offset}`;
  return `${identity}/${topic}/${place}`;
}

/**
 * A UUID of this time and name; 0 in place of a time that is not valid, since a record can have any
 * time.
 */
function idOf(ms: number, name: string): string {
  const time = Number.isInteger(ms) && ms >= 0 && ms < 2 ** 48 ? ms : 0;
  return uuidFromTime(time, createHash('sha256').update(name).digest());
}
