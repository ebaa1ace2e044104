import { expect } from 'chai';
import { createFailedLogins, placeOf } from '../../api/failed-logins.ts';
import { useDatabase } from '../support/database.ts';
import { bearer, BY, makeKeys } from './keys-made.ts';
import { expectProblem, startApi } from './start-api.ts';

const customers = '/api/v1/customers';
const MINUTE = 60_000;

describe('wrong keys from one address', () => {
  const database = useDatabase();
  let elapsed = 0;
  let api: Awaited<ReturnType<typeof startApi>>;
  let good: { text: string; id: string };

  before(async () => {
    good = await makeKeys(database.db).make('viewer');
    api = await startApi({ db: database.db, elapsed: () => elapsed });
  });
  after(() => api.server.close());
  beforeEach(() => void (elapsed += 2 * MINUTE));

  const wrong = () => api.send('GET', customers, bearer('a-wrong-key'));
  async function useUp(): Promise<void> {
    for (let n = 0; n < 10; n += 1) expectProblem(await wrong(), 401, 'unauthorized');
  }

  it('are limited: the eleventh in a minute gets 429 with Retry-After', async () => {
    await useUp();
    elapsed += 15_000;
    const answer = await wrong();
    expectProblem(answer, 429, 'too_many_attempts');
    expect(answer.headers.get('Retry-After')).to.equal('45');
    elapsed += 45_000;
    expectProblem(await wrong(), 401, 'unauthorized');
  });

  it('do not lock out a key that was right before, and lock out one that comes for the first time', async () => {
    const late = await makeKeys(database.db).make('viewer');
    expect((await api.send('GET', customers, bearer(good.text))).status).to.equal(200);
    await useUp();
    expect((await api.send('GET', customers, bearer(good.text))).status).to.equal(200);
    expectProblem(await api.send('GET', customers, bearer(late.text)), 429, 'too_many_attempts');
  });

  it('count a key that was right before and is revoked now', async () => {
    const { make, operations } = makeKeys(database.db);
    const { text, id } = await make('viewer');
    expect((await api.send('GET', customers, bearer(text))).status).to.equal(200);
    await useUp();
    await operations.revoke(id, BY);
    elapsed += 5_000;
    const first = await api.send('GET', customers, bearer(text));
    expectProblem(first, 401, 'unauthorized');
    expect(first.json.detail).to.match(/was revoked at 20/);
    expectProblem(await api.send('GET', customers, bearer(text)), 429, 'too_many_attempts');
  });

  it('are counted in /ready and in one line of the log, without the key', async () => {
    const before = api.lines.length;
    const { json } = await api.send('GET', '/ready');
    await useUp();
    await wrong();
    const after = (await api.send('GET', '/ready')).json;
    expect(Number(after['keys_refused']) - Number(json['keys_refused'])).to.equal(10);
    expect(Number(after['logins_limited']) - Number(json['logins_limited'])).to.equal(1);
    const lines = api.lines.slice(before).filter(({ message }) => message === 'api.login_refused');
    expect(lines.filter(({ level }) => level === 'warn')).to.have.lengthOf(1);
    expect(lines[0]?.fields).to.include({ why: 'wrong', address: '127.0.0.1' });
    expect(JSON.stringify(api.lines)).not.to.include('a-wrong-key').and.not.include(good.text);
  });

  it('cost no read of the database while they are limited', async () => {
    await useUp();
    let statements = 0;
    const count = (): void => void (statements += 1);
    database.db.on('query', count);
    const unknown = good.text.replace(/_.{12}_/, '_000000000000_');
    for (let n = 0; n < 5; n += 1)
      expectProblem(await api.send('GET', customers, bearer(unknown)), 429, 'too_many_attempts');
    database.db.removeListener('query', count);
    expect(statements).to.equal(0);
  });
});

describe('the count of wrong keys', () => {
  it('keeps a bounded number of addresses, the newest', () => {
    const failures = createFailedLogins({ elapsed: () => 0, most: 100 });
    for (let n = 0; n < 10; n += 1) failures.failed('10.0.0.1');
    expect(failures.waitS('10.0.0.1')).to.equal(60);
    for (let n = 0; n < 100; n += 1) failures.failed(`10.1.0.${n}`);
    expect(failures.waitS('10.0.0.1')).to.equal(0);
  });

  it('takes all addresses of one IPv6 network together, and IPv4 in IPv6 as what it is', () => {
    expect(placeOf('2001:db8:1:2:3:4:5:6')).to.equal(placeOf('2001:db8:1:2::7'));
    expect(placeOf('2001:db8:1:2::7')).not.to.equal(placeOf('2001:db8:1:3::7'));
    expect(placeOf('2001:db8::1')).to.equal(placeOf('2001:0db8:0:0:ffff::'));
    expect(placeOf('fe80::1%eth0')).to.equal(placeOf('fe80::2'));
    expect(placeOf('::ffff:10.0.0.1')).to.equal('10.0.0.1');
    expect(placeOf('::1')).to.equal('0:0:0:0');
    expect(placeOf('')).to.equal('');
  });
});
