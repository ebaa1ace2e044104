// Does the bus have events that this database lacks? Then the database was restored to an older
// state: every event on the bus was once committed in this database. A relay that ended between a
// publish and its save leaves the bus ahead too, but only with events that the database has.
import { readInstanceId } from '../../db/connections.ts';
import type { Db } from '../../db/server/connection.ts';
import { findLostEvents, type RestoreSigns } from '../../db/relay/identity.ts';
import type { Received } from '../bus/bus.ts';
import { installationOf } from '../bus/own-topics.ts';
import { isUuid } from '../uuid.ts';
import { topics } from './routing.ts';

/** Judges by the newest records of our topics; null if the database has all our events. */
export async function findLostOnBus(db: Db, records: readonly Received[]): Promise<RestoreSigns | null> {
  const own = await readInstanceId(db);
  const published = new Map<string, { syncEventId: number | null; publishedAt: Date }>();
  for (const record of records) {
    const { topic, eventId, syncEventId, timestamp } = record;
    // Notices are stored together with the relay's position, which a crash of the server may undo.
    if (topic.endsWith(topics.dlq) || eventId === null || !isUuid(eventId)) continue;
    if (timestamp === null || installationOf(record) !== own) continue;
    published.set(eventId, { syncEventId, publishedAt: new Date(timestamp) });
  }
  const lost = await findLostEvents(
    db,
    [...published].map(([eventId, more]) => ({ eventId, ...more })),
  );
  const [example] = lost;
  return example === undefined ? null : { by: 'bus', count: lost.length, example };
}
