import { expect } from 'chai';
import { eventOf, KEYS, numberOf, writeBacklog } from '../../bench/world/events.ts';
import { useDatabase } from '../support/database.ts';

describe('the events of a measurement', () => {
  const database = useDatabase();

  it('are about 1 KiB, and known by their key and version', () => {
    for (const n of [0, 999, 1_000, 54_321]) {
      const { key, version, payload } = eventOf(n, 'id');
      expect(numberOf(key, version)).to.equal(n);
      expect(JSON.parse(payload)).to.include({ version });
      expect(payload.length).to.be.within(900, 1_100);
    }
  });

  it('are the same in a backlog that the server writes, each in a transaction of its own', async () => {
    await database.db.raw(
      'create table written (id bigserial, xid xid8 default pg_current_xact_id(), key text, version text, payload text)',
    );
    const insertSql = 'insert into written (key, version, payload) select $2, $3, $4 where $1 is not null';
    await writeBacklog({ databaseUrl: database.url, insertSql, from: KEYS - 2, count: 4 });
    const { rows } = await database.db.raw<{ rows: { key: string; version: string; payload: string }[] }>(
      'select key, version, payload from written order by id',
    );
    expect(rows).to.deep.equal(
      [0, 1, 2, 3].map((at) => {
        const { key, version, payload } = eventOf(KEYS - 2 + at, 'id');
        return { key, version: String(version), payload };
      }),
    );
    const counted = await database.db.raw<{ rows: [{ count: number }] }>(
      'select count(distinct xid) from written',
    );
    expect(counted.rows[0].count).to.equal(4);
  });
});
