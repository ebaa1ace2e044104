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

  it('takes from a log-in only a form of ours, whatever comes back through the browser', async () => {
    const closed = await startApi({ db: keyless.db, apiKeys: ['the-key-of-this-test'], console: {} });
    try {
      for (const kept of [
        'null',
        '1',
        '{',
        ...['lanes/pause', '/consolelanes/pause', 'customers/1/x:y', '//x/lanes/pause'].map((to) =>
          JSON.stringify({ to, fields: [] }),
        ),
      ]) {
        const answer = await createVisitor(closed.server.url).logIn('the-key-of-this-test', { kept });
        expect([answer.status, answer.to], kept).to.deep.equal([303, '/console']);
      }
    } finally {
      await closed.server.close();
    }
  });

  it('says of a wrong key what is wrong, once, and nothing of a header', async () => {
    const closed = await startApi({ db: keyless.db, apiKeys: ['the-key-of-this-test'], console: {} });
    try {
      const browser = createVisitor(closed.server.url);
      const { text } = await browser.logIn('another-key');
      expect(text).to.include('This is not a key of this API').and.not.include('Authorization');
      for (let at = 1; at < 10; at += 1) await browser.logIn(`another-key-${at}`);
      const late = await browser.logIn('one-more');
      expect(late.status).to.equal(429);
      expect(late.text.split('Too many wrong keys')).to.have.length(2);
    } finally {
      await closed.server.close();
    }
  });

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
