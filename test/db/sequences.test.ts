import { expect } from 'chai';
import { moveSequences } from '../../db/sequences.ts';
import { useDatabase } from '../support/database.ts';
describe('x', () => {
  const database = useDatabase();
  it('y', async () => {
    const { db } = database;
    await db.raw(`select next_sync_event_id()`);
    expect(await moveSequences(db)).to.deep.equal({ moved: [], stuck: [] });
    await db.raw(`select raise_relay_floor(100)`);
    const t0 = performance.now();
    const { rows } = await db.raw(`select next_sync_event_id() as a`);
    console.log(rows, performance.now() - t0, (await db.raw('select * from sequence_moves')).rows);
    await db.raw(`select setval('sync_event_ids', 5)`);
    console.log(await moveSequences(db), (await db.raw('select last_value from sync_event_ids')).rows);
    const e = await db.raw(`insert into sync_events (id, event_id, event_type, entity_type, entity_key, source, payload) values (50, gen_random_uuid(), 'x','x','x','x','{}')`).catch((e: unknown) => e);
    console.log(String(e));
  });
});
