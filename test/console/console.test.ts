// The console over HTTP, as a browser asks it: who may pass, what a form needs, and what is said when it fails.
import { expect } from 'chai';
import { covers, type KeyScope } from '../../lib/keys/scopes.ts';
import { useDatabase } from '../support/database.ts';
import { makeKeys } from '../api/keys-made.ts';
import { startApi } from '../api/start-api.ts';
import { done, routes } from './scoped-routes.ts';
import { createVisitor, fieldOf } from './visitor.ts';

type Api = Awaited<ReturnType<typeof startApi>>;

describe('the console', () => {
  const database = useDatabase();
  /** It never had a key. */
  const keyless = useDatabase();
  const keyTexts = new Map<KeyScope, string>();
  let open: Api;
  let closed: Api;
  let links: Map<string, string>;

  before(async () => {
    open = await startApi({ db: keyless.db, console: { routes } });
    const body = { name: 'Ada', email: 'ada@example.org' };
    await open.send('POST', '/api/v1/customers', { body });
    links = new Map([['a-link', 'static-key-of-the-settings']]);
    const takeLink = (link: string) => {
      const key = links.get(link) ?? null;
      links.delete(link);
      return key;
    };
    const [key] = links.values();
    closed = await startApi({ db: database.db, apiKeys: [key ?? ''], console: { routes, takeLink } });
    const headers = { Authorization: `Bearer ${key ?? ''}` };
    await closed.send('POST', '/api/v1/customers', { body, headers });
  });
  after(async () => {
    await open.server.close();
    await closed.server.close();
  });
  beforeEach(() => done.splice(0));

  const visitor = (api = closed) => createVisitor(api.server.url);

  async function keyOf(scope: KeyScope): Promise<string> {
    const known = keyTexts.get(scope);
    if (known !== undefined) return known;
    const system = scope === 'ingest' ? 'stripe' : null;
    const made = await makeKeys(database.db).make(scope, { name: scope, system });
    keyTexts.set(scope, made.text);
    return made.text;
  }

  it('needs no key where the API needs none, and has no log-out there', async () => {
    const browser = visitor(open);
    const { status, text, headers } = await browser.get('/console/customers');
    expect(status).to.equal(200);
    expect(text).to.include('Ada').and.not.include('Log out');
    expect(headers.get('Content-Security-Policy')).to.equal(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect([
      headers.get('X-Content-Type-Options'),
      headers.get('Referrer-Policy'),
      headers.get('Cache-Control'),
    ]).to.deep.equal(['nosniff', 'no-referrer', 'no-store']);
    expect(text).not.to.match(/ style=|<style|<script(?![^>]*src)|javascript:| on\w+=/);
    expect(await browser.get('/console/login')).to.include({ status: 303, to: '/console' });
  });

  it('answers to no foreign name while it needs no key', async () => {
    const { status, text } = await visitor(open).get('/console/customers', {
      Host: 'twinbox.attacker.example',
    });
    expect(status).to.equal(421);
    expect(text).to.include('twinbox.attacker.example').and.not.include('Ada');
    expect((await visitor(open).get('/console/customers', { Host: 'localhost:8000' })).status).to.equal(200);
    expect((await visitor(closed).get('/console/login', { Host: 'twinbox.example' })).status).to.equal(200);
  });

  it('makes a session of a key, and ends it on request', async () => {
    const browser = visitor();
    const asked = await browser.get('/console/customers?email=x');
    expect(asked.text).to.include('API key').and.not.include('Ada');
    expect(fieldOf(asked.text, 'next')).to.equal('/console/customers?email=x');
    const { status, to, headers } = await browser.logIn('static-key-of-the-settings', {
      next: '/console/customers?limit=2',
    });
    expect([status, to]).to.deep.equal([303, '/console/customers?limit=2']);
    const [cookie = ''] = headers.getSetCookie();
    expect(cookie).to.match(
      /^twinbox_session=[\w-]+; Path=\/console; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    expect(cookie).not.to.include('static-key');
    const { text } = await browser.get('/console/customers');
    expect(text).to.include('Ada').and.include('Log out');
    await browser.post('/console/logout', { token: fieldOf(text, 'token') });
    expect((await browser.get('/console/customers')).text).to.include('API key');
  });

  it('sends the cookie over TLS alone, unless the name is that of this machine', async () => {
    const browser = visitor();
    const headers = { Host: 'twinbox.example' };
    const { text } = await browser.get('/console/login', headers);
    const fields = { token: fieldOf(text, 'token'), key: 'static-key-of-the-settings' };
    const [cookie = ''] = (await browser.post('/console/login', fields, headers)).headers.getSetCookie();
    expect(cookie).to.match(/; Secure; Max-Age/);
  });

  it('leads nowhere but to itself after the log-in', async () => {
    for (const next of [
      'https://attacker.example',
      '//attacker.example',
      '/console\\..//x',
      '/docs',
      '/consolex',
      '/console/..//x',
      '/console/%2e%2e/docs',
      '/console/x\r\nSet-Cookie: a=b',
      '/console/find?q=Łucja',
      '/console/\0',
    ])
      expect((await visitor().logIn('static-key-of-the-settings', { next })).to, next).to.equal('/console');
  });

  it('opens once by a link', async () => {
    const [first, second] = [visitor(), visitor()];
    const { text } = await first.get('/console/login?link=a-link');
    expect(text).to.include('Open the console').and.not.include('type="password"');
    const fields = { token: fieldOf(text, 'token'), link: 'a-link' };
    expect((await first.post('/console/login', fields)).status).to.equal(303);
    expect((await first.get('/console/customers')).text).to.include('Ada');
    const again = { token: await second.token('/console/login'), link: 'a-link' };
    expect(await second.post('/console/login', again)).to.include({ status: 401 });
  });

  it('refuses forms of other sites, of other sessions, and without a token', async () => {
    const browser = visitor();
    await browser.logIn('static-key-of-the-settings');
    const token = await browser.token();
    const other = visitor();
    await other.logIn('static-key-of-the-settings');
    const foreign: [string, Record<string, string>, Record<string, string>][] = [
      ['no token', {}, {}],
      ['a made-up token', { token: 'x'.repeat(43) }, {}],
      ['the token of another session', { token: await other.token() }, {}],
      ['another site', { token }, { 'Sec-Fetch-Site': 'cross-site' }],
      ['another name of the same site', { token }, { 'Sec-Fetch-Site': 'same-site' }],
      ['an address that was typed', { token }, { 'Sec-Fetch-Site': 'none' }],
    ];
    for (const [what, fields, headers] of foreign)
      expect((await browser.post('/console/act-viewer', fields, headers)).status, what).to.equal(403);
    expect(done).to.deep.equal([]);
    expect(await browser.post('/console/act-viewer', { token, reason: 'mine' })).to.include({
      status: 303,
      to: '/console/customers?done=yes',
    });
    expect(done).to.have.length(1);
  });

  it('judges by Origin where a browser does not say the site', async () => {
    const browser = visitor(open);
    const token = await browser.token();
    const { host } = new URL(open.server.url);
    for (const [origin, status] of [
      ['https://attacker.example', 403],
      ['null', 403],
      [`http://${host}`, 303],
    ] as const) {
      const answer = await fetch(`${open.server.url}/console/act-viewer`, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          Origin: origin,
          Cookie: `twinbox_form=${browser.jar.get('twinbox_form') ?? ''}`,
          'Content-Type': 'application/x-www-form-urlencoded',
        },
        body: `token=${token}`,
      });
      expect(answer.status, origin).to.equal(status);
    }
  });

  it('keeps a form over a log-in, and does it once', async () => {
    const browser = visitor();
    await browser.logIn(await keyOf('operator'));
    const { text } = await browser.get('/console/for-operator');
    const fields = {
      token: fieldOf(text, 'token'),
      once: fieldOf(text, 'once'),
      reason: 'the "key" <was> renewed',
    };
    browser.jar.delete('twinbox_session');
    const ended = await browser.post('/console/act-operator', fields);
    expect(ended.status).to.equal(401);
    expect(ended.text).to.include('Nothing was done yet');
    expect(done).to.deep.equal([]);
    const kept = fieldOf(ended.text, 'kept');
    const entered = await browser.post('/console/login', {
      token: fieldOf(ended.text, 'token'),
      kept,
      key: await keyOf('operator'),
    });
    expect(entered.text).to.include('Send it now').and.include('&quot;key&quot; &lt;was&gt; renewed');
    expect(done).to.deep.equal([]);
    const [, action = ''] = /action="(\/console\/act[^"]*)"/.exec(entered.text) ?? [];
    const again = {
      token: fieldOf(entered.text, 'token'),
      once: fieldOf(entered.text, 'once'),
      reason: fieldOf(entered.text, 'reason'),
    };
    expect((await browser.post(action, again)).status).to.equal(303);
    expect(done).to.deep.equal([`operator the "key" <was> renewed ${fields.once}`]);
    // What comes back through the browser leads to acts of ours alone.
    const forged = JSON.stringify({ to: 'https://attacker.example/', fields: [] });
    expect((await visitor().logIn(await keyOf('operator'), { kept: forged })).status).to.equal(303);
  });

  it('ends a session with its key', async () => {
    const browser = visitor();
    await browser.logIn(await keyOf('editor'));
    expect((await browser.get('/console/customers')).status).to.equal(200);
    await database.db('api_keys').where({ name: 'editor' }).update({ revoked_at: new Date() });
    // The row counts for 5 s; another process reads it now.
    const fresh = await startApi({ db: database.db, console: {} });
    try {
      const moved = createVisitor(fresh.server.url);
      for (const [name, value] of browser.jar) moved.jar.set(name, value);
      const { status, text, headers } = await moved.get('/console/customers');
      expect(status).to.equal(401);
      expect(text).to.include('The session has ended').and.not.include('ada@example.org');
      expect(headers.getSetCookie().join()).to.include('twinbox_session=;');
    } finally {
      await fresh.server.close();
    }
  });

  it('counts wrong keys against the browser, and lets those who are in go on', async () => {
    const api = await startApi({ db: database.db, apiKeys: ['right-key-of-this-test'], console: {} });
    try {
      const inside = createVisitor(api.server.url);
      await inside.logIn('right-key-of-this-test');
      const outside = createVisitor(api.server.url);
      const answers: number[] = [];
      for (let at = 0; at < 11; at += 1) answers.push((await outside.logIn(`wrong-${at}`)).status);
      expect(answers).to.deep.equal([...Array<number>(10).fill(401), 429]);
      expect((await inside.get('/console/customers')).status).to.equal(200);
    } finally {
      await api.server.close();
    }
  });

  it('opens nothing for a key that only delivers events', async () => {
    const { status, text } = await visitor().logIn(await keyOf('ingest'));
    expect(status).to.equal(403);
    expect(text).to.include('This key opens no pages');
  });

  for (const scope of ['viewer', 'editor', 'operator', 'admin'] as const) {
    it(`draws for ${scope} the forms that it may send, and carries out no others`, async () => {
      if (scope === 'editor') keyTexts.delete('editor');
      const browser = visitor();
      await browser.logIn(await keyOf(scope));
      const token = await browser.token();
      for (const needs of ['viewer', 'editor', 'operator', 'admin'] as const) {
        const allowed = covers(scope, needs);
        const looked = await browser.get(`/console/for-${needs}`);
        expect(looked.status, `${scope} at ${needs}`).to.equal(allowed ? 200 : 403);
        expect(looked.text.includes('Do it')).to.equal(allowed);
        const sent = await browser.post(`/console/act-${needs}`, { token });
        expect(sent.status, `${scope} at ${needs}`).to.equal(allowed ? 303 : 403);
      }
    });
  }

  it('takes no other methods, and no huge forms', async () => {
    const address = `${open.server.url}/console/customers`;
    expect((await fetch(address, { method: 'DELETE' })).status).to.equal(405);
    const browser = visitor(open);
    const fields = { token: await browser.token(), reason: 'x'.repeat(120_000) };
    const huge = await browser.post('/console/act-viewer', fields);
    expect(huge.status).to.equal(413);
    expect((await fetch(`${open.server.url}/console/customers`, { method: 'HEAD' })).status).to.equal(200);
  });
});
