import { expect } from 'chai';
import { claimCursor, type Cursor } from '../../../db/relay/cursor.ts';
import { createCursor } from '../../../db/relay/identity.ts';
import type { RawRow } from '../../../db/relay/page-row.ts';
import { readPage, readPageRows, splitHead } from '../../../db/relay/page.ts';
import { WHOLE } from '../../../db/relay/shards.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { useDatabase } from '../../support/database.ts';

const insertSql = `
insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context, created_at)
values (:eventId, :type, 'customer', 1, :key, :version, :source, :payload::jsonb, :context::jsonb, :at::timestamptz)`;

describe('a page of events', () => {
  const database = useDatabase();

  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const odd = [
    {},
    { version: null, context: JSON.stringify({ trace }) },
    { type: 'kunde.geändert', source: 'büro', key: 'customer:Zoë 😀' },
    { at: '1969-12-31 23:59:59.9995+00' },
    { at: '2026-03-04 05:06:07.0899999+00', payload: JSON.stringify({ note: 'é😀'.repeat(20_000) }) },
    { payload: '{}' },
    { source: 'x'.repeat(60), type: '' },
    // The characters of the first one have the numbers of the bytes of the second one.
    { source: 'Ã©' },
    { source: 'é' },
  ];

  it('is read from the bytes of the answer as pg reads it, whatever its values are', async () => {
    const usual = { type: 'customer.updated', key: 'customer:1', version: 1, source: 'internal' };
    const more = { payload: '{"a": 1}', context: '{}', at: '2026-01-01 00:00:00+00' };
    for (const [n, values] of odd.entries())
      await database.db.raw(insertSql, {
        ...{ eventId: newEventId(new Date(1_772_600_000_000 + n)), ...usual, ...more, ...values },
      });
    await createCursor(database.db, 'here');
    const cursor = await claimCursor(database.db, { ...WHOLE, fence: 1, bus: 'test' });
    const { rows, win } = await readPage(database.db, cursor as Cursor, 100);
    expect(win).to.match(/^\d+:\d+:/);
    expect(rows).to.have.length(odd.length);
    const ids = rows.map(({ id }) => id);
    expect(rows).to.deep.equal(await readPageRows(database.db, ids));
    expect(rows.map(({ payload }) => payload.toString())).to.include('{}');
    expect(rows[1]).to.include({ version: null, trace });
  });

  it('is in the order of ids behind its head, in whatever order PostgreSQL answers', () => {
    const rowOf = (id: number | null) => [id] as unknown as RawRow;
    for (const answer of [
      [null, 1, 2, 3],
      [null, 3, 1, 2],
      [2, null, 3, 1],
    ]) {
      const { head, rest } = splitHead(answer.map(rowOf));
      expect([head, ...rest].map(([id]) => id)).to.deep.equal([null, 1, 2, 3]);
    }
    expect(() => splitHead([rowOf(1)])).to.throw('no head row');
  });
});
