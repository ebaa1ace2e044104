// Writers tell an idle relay in another process that there are events (docs/relay.md).
//
// A notice takes a lock of the whole cluster until its transaction is on disk, so it is never part of a
// transaction that writes, and its own does not wait for the disk: a lost notice costs one rest of the relay.
import type { Db } from '../server/connection.ts';
import { runPrepared } from '../server/prepared.ts';

export const EVENTS_CHANNEL = 'twinbox_events';

const announceSql = `select set_config('synchronous_commit', 'off', true), pg_notify('${EVENTS_CHANNEL}', '')`;

export async function announceEvents(db: Db): Promise<void> {
  await runPrepared(db, announceSql, {});
}
