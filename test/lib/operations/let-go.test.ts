import { expect } from 'chai';
import { countUnmatched } from '../../../db/external-records.ts';
import { consentToAll } from '../../support/first-link.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';
import { resolutionsOf } from '../../support/resolutions.ts';

describe('a pair that a person lets go', () => {
  const world = useTwoWay();

  it('is left alone when rows are linked: no second record is made for its customer', async () => {
    const { id } = await linkedPair(world);
    const resolving = resolutionsOf(world);
    const { id: mapping } = await mappingOf(world.db, id);
    await world.db.raw(
      `update external_mappings set state = 'parked', reason = 'missing' where id = :mapping`,
      {
        mapping,
      },
    );
    await resolving.resolve(mapping, { action: 'let_go', why: null, actor: 'ops' });
    const records = world.simulator.customers().length;
    await consentToAll(world);
    await world.rest();
    expect(world.simulator.customers()).to.have.length(records);
    expect(await mappingsIn(world.db)).to.have.length(1);
  });

  it('counts a record without a customer that was let go as left, and no longer as undecided', async () => {
    world.simulator.dashboard.createCustomer({ name: 'Without email' });
    await world.rest();
    const { rows } = await world.db.raw<{ rows: { id: number; account: string }[] }>(
      `select id, account from external_mappings where internal_id is null and state = 'waiting'`,
    );
    const { id = 0, account = '' } = rows[0] ?? {};
    const place = { system: 'stripe', account, externalType: 'customer' };
    expect(await countUnmatched(world.db, place)).to.deep.equal({ undecided: 1, importing: 0, left: 0 });
    const operations = resolutionsOf(world);
    const asked = { action: 'let_go', actor: 'ops', why: null } as const;
    expect(await operations.resolve(id, asked)).to.include({ outcome: 'let_go' });
    expect(await countUnmatched(world.db, place)).to.deep.equal({ undecided: 0, importing: 0, left: 1 });
  });
});
