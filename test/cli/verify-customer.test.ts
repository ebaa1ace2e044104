import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { call, noLimits, usePlace, type Up } from './twinbox.ts';

type View = { id: number; external_mappings: { stripe?: string }; sync: Record<string, { state: string }> };
type Compared = { customer: number; systems: { verdict: string; pairs: { fields: string[] }[] }[] };

describe('twinbox verify --customer, beside a running twinbox', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let up: Up;
  let id = 0;
  let record = '';
  before('start it, with a customer that is linked', async () => {
    up = await place.up();
    await noLimits(up);
    const body = { name: 'Ada', email: 'ada@example.com' };
    ({ id } = await call<View>('POST', `${up.api}/api/v1/customers`, body));
    await waitUntil(
      async () => {
        const found = await call<View>('GET', `${up.api}/api/v1/customers/${id}`);
        record = found.external_mappings.stripe ?? '';
        return found.sync['stripe']?.state === 'linked';
      },
      { timeoutMs: 20_000, what: 'the customer is linked' },
    );
  });

  const verify = (...more: string[]) => place.run(['verify', '--customer', ...more]);

  it('says that both sides agree, and leaves no receipt', async () => {
    const agreed = await verify(String(id));
    expect(agreed, agreed.stderr).to.include({ code: 0 });
    expect(agreed.stdout).to.equal(`agree  ${record}\ncustomer ${id} agrees with Stripe\n`);
    const json = await verify(String(id), '--json');
    expect(JSON.parse(json.stdout)).to.deep.include({ customer: id, verdict: 'agree' });
    expect(await database.db('comparisons')).to.deep.equal([]);
  });

  it('is answered over the API by a worker of the running system', async () => {
    const compared = await call<Compared>('POST', `${up.api}/api/v1/customers/${id}/compare`, {});
    expect(compared.systems.map(({ verdict }) => verdict)).to.deep.equal(['agree']);
  });

  it('refuses a customer that is not there, and options that are for all customers', async () => {
    const none = await verify('404');
    expect(none).to.include({ code: 3 });
    expect(none.stderr).to.include('No customer has the number 404');
    expect(await verify(String(id), '--repair')).to.include({ code: 2 });
  });

  it('says of a record that the system does not know that it is missing', async () => {
    await call('POST', `${up.simulator}/_sim/reset`);
    const missing = await verify(String(id));
    expect(missing, missing.stdout).to.include({ code: 2 });
    expect(missing.stdout).to.include(`missing  ${record}  unknown_there`);
  });
});
