import { expect } from 'chai';
import { withTransaction } from '../../../../db/server/connection.ts';
import { readMapping } from '../../../../db/mappings/mappings.ts';
import { parkBroken } from '../../../../db/mappings/writes/broken-off.ts';
import { useDatabase } from '../../../support/database.ts';

describe('a mapping whose steps break off', () => {
  const database = useDatabase();

  it('keeps what people have said about it when it is parked', async () => {
    const { db } = database;
    const consent = { to: 'record', external_id: 'cus_1', by: 'ops', at: '2026-05-04T10:00:00.000Z' };
    const { rows } = await db.raw<{ rows: { id: number; fence: number }[] }>(
      `insert into external_mappings (internal_id, system, state, consent, decision, dirty)
       values (1, 'stripe', 'pending', :consent::jsonb, '{"kind": "recreate"}', 1) returning id, fence`,
      { consent: JSON.stringify(consent) },
    );
    const [{ id, fence } = { id: 0, fence: 0 }] = rows;
    const detail = { fault: 'x', about: null, at: null, since: null, message: 'm' };
    await withTransaction(db, (tx) => parkBroken(tx, { id, fence, reason: { code: 'broken_off', detail } }));
    expect(await readMapping(db, id)).to.deep.include({
      ...{ state: 'parked', reason: { code: 'broken_off', detail } },
      ...{ consent, decision: { kind: 'recreate' } },
    });
  });
});
