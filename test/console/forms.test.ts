// A form whose act did not end as a person expects: what is said then, and that nothing is done twice.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { startApi } from '../api/start-api.ts';
import { createVisitor, fieldOf } from './visitor.ts';

describe('a form of the console that is sent', () => {
  const keyless = useDatabase();
  let open: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    open = await startApi({ db: keyless.db, console: {} });
  });
  after(() => open.server.close());

  it('offers a form again whose answer did not come, as it was, so that it is done once', async () => {
    const away = await startApi({ db: keyless.db, console: { origin: () => 'http://127.0.0.1:1' } });
    try {
      const browser = createVisitor(away.server.url);
      const token = await browser.token();
      const fields = { token, once: 'o'.repeat(24), system: 'stripe', reason: 'a "quiet" hour' };
      const { status, text } = await browser.post('/console/lanes/pause', fields);
      expect(status).to.equal(502);
      expect(text).to.include('It is not known whether this was done').and.not.include('Try again');
      expect(text).to.match(/action="\/console\/lanes\/pause"[\s\S]*Send it again/);
      const again = ['once', 'system', 'reason'].map((name) => fieldOf(text, name));
      expect(again).to.deep.equal([fields.once, 'stripe', fields.reason]);
    } finally {
      await away.server.close();
    }
  });

  it('says of a form that was sent before with other words that those were done, and of no keys', async () => {
    const browser = createVisitor(open.server.url);
    const fields = { token: await browser.token(), once: 'p'.repeat(24), system: 'stripe' };
    const send = (reason: string) => browser.post('/console/lanes/pause', { ...fields, reason });
    expect((await send('the first words')).status).to.equal(303);
    const { status, text } = await send('other words');
    expect(status).to.equal(422);
    expect(text).to.include('This form was sent before').and.not.include('Idempotency-Key');
    expect((await open.send('GET', '/api/v1/audit')).list.map(({ reason }) => reason)).to.deep.equal([
      'the first words',
    ]);
  });

  it('offers a form again that is being worked on', async () => {
    const headers = { 'Content-Type': 'application/problem+json' };
    const busy = createServer((req, res) => {
      res.writeHead(req.method === 'POST' ? 409 : 404, headers).end('{"code":"idempotency_key_in_use"}');
    }).listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const origin = () => `http://127.0.0.1:${(busy.address() as AddressInfo).port}`;
    const api = await startApi({ db: keyless.db, console: { origin } });
    try {
      const browser = createVisitor(api.server.url);
      const token = await browser.token();
      const { status, text } = await browser.post('/console/lanes/pause', { token, once: 'q'.repeat(24) });
      expect([status, fieldOf(text, 'once')]).to.deep.equal([409, 'q'.repeat(24)]);
      expect(text).to.include('This form is being worked on').and.include('Send it again');
    } finally {
      await api.server.close();
      busy.close();
    }
  });
});
