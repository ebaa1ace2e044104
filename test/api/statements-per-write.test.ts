// What a write costs, counted: round trips do not depend on the speed of a machine.
import { expect } from 'chai';
import { keepPartitions } from '../../db/partitions/partitions.ts';
import { systemClock } from '../../lib/clock.ts';
import { useDatabase } from '../support/database.ts';
import { freshCustomer, startApi } from './start-api.ts';

const customers = '/api/v1/customers';

describe('a write of the API', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;
  let keys = 0;

  before(async () => {
    await keepPartitions(database.db, { now: systemClock.now(), retentionDays: 35 });
    api = await startApi({ db: database.db });
    // Whether the API is open is known for some seconds.
    await api.send('GET', customers);
  });
  after(() => api.server.close());

  async function statementsOf(act: () => Promise<unknown>): Promise<string[]> {
    const seen: string[] = [];
    const note = ({ sql }: { sql: string }): void => void seen.push(sql);
    database.db.on('query', note);
    await act();
    database.db.removeListener('query', note);
    return seen;
  }

  for (const withKey of [false, true])
    it(`is one statement, which opens no partition of the events to show the row; ${withKey ? 'with' : 'without'} a key`, async () => {
      const send = (method: string, path: string, body?: object) =>
        statementsOf(async () => {
          const headers = withKey ? { 'Idempotency-Key': `statement-${(keys += 1)}` } : {};
          const { status } = await api.send(method, path, { headers, ...(body && { body }) });
          expect(status).to.be.lessThan(300);
        });
      expect(await send('POST', customers, freshCustomer())).to.have.lengthOf(1);
      const { json } = await api.send('POST', customers, { body: freshCustomer() });
      const path = `${customers}/${json.id}`;
      const changed = await send('PATCH', path, { name: 'Ada King' });
      expect(changed).to.have.lengthOf(1);
      expect(changed[0]).not.to.include('from sync_events');
      // The second shows the row as it is; with a key a third keeps that answer.
      expect(await send('PATCH', path, { name: 'Ada King' })).to.have.lengthOf(withKey ? 3 : 2);
      expect(await send('DELETE', path)).to.have.lengthOf(1);
    });

  it('that is repeated with its key is one statement again, which writes nothing', async () => {
    const [body, headers] = [freshCustomer(), { 'Idempotency-Key': 'repeated' }];
    const answers: string[] = [];
    const send = () =>
      statementsOf(
        async () => void answers.push((await api.send('POST', customers, { headers, body })).text),
      );
    expect([(await send()).length, (await send()).length]).to.deep.equal([1, 1]);
    expect(answers[1]).to.equal(answers[0]);
  });
});
