import { expect } from 'chai';
import { deleteCustomer, insertCustomer } from '../support/customers.ts';
import { newEventId } from '../../lib/uuid.ts';
import { useDatabase } from '../support/database.ts';
import { usePlace } from './twinbox.ts';

describe('twinbox link with --record or --accept-deletion', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  const stamp = () => ({ eventId: newEventId(new Date()), source: 'internal', context: {}, now: new Date() });

  async function doubled(name: string, primary = 'linked', reason: string | null = null): Promise<number> {
    const { id } = await insertCustomer(database.db, { name, email: `${name}@example.com` }, stamp());
    await database.db.raw(
      `insert into external_mappings (internal_id, system, external_id, role, state, reason, reason_detail, known_email) values
       (:id, 'stripe', :a, 'primary', :primary, :reason, jsonb_build_object('external_id', :a::text, 'aliases', jsonb_build_array(:b::text)), null),
       (:id, 'stripe', :b, 'alias', 'alias', null, null, :email)`,
      { id, a: `cus_${name}_a`, b: `cus_${name}_b`, primary, reason, email: `${name}@example.com` },
    );
    return id;
  }

  const linkedWith = async (id: number): Promise<string[]> => {
    const { rows } = await database.db.raw<{ rows: { says: string }[] }>(
      `select concat_ws(' ', external_id, role, state) as says from external_mappings where internal_id = :id order by id`,
      { id },
    );
    return rows.map(({ says }) => says);
  };

  it('links a customer with another record, and says what is linked now', async () => {
    const id = await doubled('ada');
    const { code, stderr } = await place.run(['link', String(id), '--record', 'cus_ada_b']);
    expect(code).to.equal(0);
    expect(stderr).to.include(`Customer ${id} is linked with cus_ada_b now`);
    expect(await linkedWith(id)).to.deep.equal(['cus_ada_a alias alias', 'cus_ada_b primary linked']);
    const again = await place.run(['link', String(id), '--record', 'cus_ada_b', '--json']);
    expect(again.code).to.equal(0);
    expect(JSON.parse(again.stdout)).to.deep.equal({
      ...{ outcome: 'linked_already', customer: id, external_id: 'cus_ada_b', instead_of: null },
    });
  });

  it('says why a record is refused, with status 1, and ends with 3 for an unknown customer', async () => {
    const [id, other] = [await doubled('bea'), await doubled('cleo')];
    const taken = await place.run(['link', String(id), '--record', 'cus_cleo_a']);
    expect(taken.code).to.equal(1);
    expect(taken.stderr).to.include(`Nothing was changed. cus_cleo_a is linked with customer ${other}.`);
    expect((await place.run(['link', '4711', '--record', 'cus_bea_b'])).code).to.equal(3);
  });

  it('needs one customer, and one of the two options', async () => {
    for (const args of [
      ['--record', 'cus_x'],
      ['1', '2', '--record', 'cus_x'],
      ['1', '--record', 'cus_x', '--accept-deletion'],
      ['1', '--record', 'cus_x', '--dry-run'],
    ])
      expect((await place.run(['link', ...args])).code, args.join(' ')).to.equal(2);
  });

  it('lists a customer whose record was deleted at Stripe while an alias lives, and accepts the deletion', async () => {
    const id = await doubled('dora', 'waiting', 'alias_lives');
    const list = await place.run(['link']);
    expect(list.code, list.stderr).to.equal(0);
    expect(list.stdout).to.match(new RegExp(`${id} +cus_dora_a +cus_dora_b .* a person decides`));
    expect(list.stderr).to.include('--accept-deletion deletes the customer in our table');
    const accepted = await place.run(['link', String(id), '--accept-deletion']);
    expect(accepted.code).to.equal(0);
    expect(accepted.stderr).to.include(`A worker deletes customer ${id} in our table`);
    const json = JSON.parse((await place.run(['link', '--json'])).stdout) as {
      held_deletions: { customer: number; accepted: boolean; other_records: string[] }[];
    };
    const [held] = json.held_deletions;
    expect(held).to.deep.include({ customer: id, accepted: true, other_records: ['cus_dora_b'] });
  });

  it('lists the aliases that stayed at Stripe when their customer was deleted', async () => {
    const id = await doubled('eve');
    await deleteCustomer(database.db, id, {}, stamp());
    const { code, stdout, stderr } = await place.run(['link']);
    expect(code).to.equal(0);
    expect(stdout).to.match(new RegExp(`cus_eve_b +${id} +eve@example\\.com`));
    expect(stderr).to.include('stayed at Stripe when the customer was deleted in our table');
  });
});
