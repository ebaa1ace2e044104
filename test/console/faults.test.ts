// What goes wrong while a page is open: it says what is so, and nothing is done twice.
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { createDb, type Db } from '../../db/server/connection.ts';
import { startApi } from '../api/start-api.ts';
import { openPage, startBrowser } from '../support/browser.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { useDatabase } from '../support/database.ts';
import { press } from './guide.ts';

describe('a page of the console that is open while something goes wrong', () => {
  const database = useDatabase();
  let proxy: Awaited<ReturnType<typeof startDatabaseProxy>>;
  let db: Db;
  let browser: Browser;
  let api: Awaited<ReturnType<typeof startApi>>;
  const bearer = { Authorization: 'Bearer k1' };
  const start = (port = 0) =>
    startApi({
      db,
      port,
      apiKeys: ['k1', 'k2'],
      keySecrets: ['a secret of these tests alone, long'],
      deadlineMs: 2_000,
      console: {},
    });

  before(async () => {
    const target = new URL(database.url);
    proxy = await startDatabaseProxy(new URL(database.url));
    target.host = `127.0.0.1:${proxy.port}`;
    db = createDb({ url: target.href, poolSize: 10, applicationName: 'console' });
    [api, browser] = await Promise.all([start(), startBrowser()]);
    await db.raw(
      `insert into connections (system, account, livemode, bound_at) values ('stripe', 'acct_1', false, now()) on conflict (system) do nothing`,
    );
    await api.send('POST', '/api/v1/customers', {
      body: { name: 'Ada', email: 'ada@example.org' },
      headers: bearer,
    });
  });
  after(async () => {
    await browser.close();
    await api.server.close();
    await db.destroy();
    await proxy.cut();
  });

  async function open(path: string) {
    const { page, troubles } = await openPage(browser, `${api.server.url}/console/login?next=${path}`);
    await page.getByLabel('API key').fill('k1');
    await press(page, 'Log in');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    return { page, troubles };
  }
  const acts = async () => (await api.send('GET', '/api/v1/audit', { headers: bearer })).list;
  /** The form that pauses a lane, filled in. */
  async function fill(page: Awaited<ReturnType<typeof open>>['page'], reason: string) {
    await page.getByText('Pause or resume a lane…').click();
    const form = page.locator('form', { has: page.getByRole('button', { name: 'Pause' }) });
    await form.getByLabel('reason').fill(reason);
    return { form, send: () => form.getByRole('button', { name: 'Pause' }).click() };
  }

  it('50 pages are kept up to date; the next one says that it is not live, and shows its page', async () => {
    const { page } = await open('/console/customers');
    const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    const close = new AbortController();
    // A page of the console that has something to show would keep the place that it has itself.
    await page.goto('about:blank');
    const held: ReadableStreamDefaultReader<Uint8Array>[] = [];
    // The page before this one may have its place for a moment longer.
    while (held.length < 50) {
      const stream = await fetch(`${api.server.url}/console/changes`, {
        ...{ headers: { Cookie: cookie }, signal: close.signal },
      });
      const reader = stream.body?.getReader();
      const first = Buffer.from((await reader?.read())?.value ?? []).toString();
      if (reader && first.includes('here')) held.push(reader);
    }
    await page.goto(`${api.server.url}/console/customers/1`);
    await page.getByText('not live: 50 pages are already').waitFor();
    await page.getByRole('heading', { name: 'Ada' }).waitFor();
    close.abort();
    await page.context().close();
  });

  it('a session that ends keeps the form over the log-in, and it is sent once, when the person says so', async () => {
    const { page } = await open('/console');
    const { send } = await fill(page, 'typed before the end');
    await page.context().clearCookies();
    await send();
    await page.getByText('Nothing was done yet').waitFor();
    expect(await acts()).to.deep.equal([]);
    await page.getByLabel('API key').fill('k2');
    await press(page, 'Log in');
    await page.getByText('typed before the end').waitFor();
    await press(page, 'Send it now');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect((await acts()).map(({ reason }) => reason)).to.deep.equal(['typed before the end']);
    await page.context().close();
  });

  it('a forged token, and a form sent twice: nothing is done for the one, and one thing for the other', async () => {
    const { page } = await open('/console');
    const before = (await acts()).length;
    const { send } = await fill(page, 'forged');
    await page.evaluate(`document.querySelectorAll('[name=token]').forEach((each) => (each.value = 'x'))`);
    const refused = page.waitForResponse((each) => each.request().method() === 'POST');
    await send();
    expect((await refused).status()).to.equal(403);
    await page.getByText(/Nothing was done/).waitFor();
    expect(await acts()).to.have.length(before);

    await page.goto(`${api.server.url}/console`);
    await fill(page, 'twice');
    await page.evaluate(`(async () => {
      const form = document.querySelector('form[action$="/lanes/pause"]');
      const body = new URLSearchParams(new FormData(form));
      for (const _ of [1, 2]) await fetch(form.action, { method: 'POST', body });
    })()`);
    expect(await acts()).to.have.length(before + 1);
    await page.context().close();
  });

  it('a restart of the process: the tab says since when it is paused, is live again, and its form still counts', async () => {
    const { page } = await open('/console');
    await page.getByText('live', { exact: true }).waitFor();
    const { send, form } = await fill(page, 'typed before the restart');
    const port = Number(new URL(api.server.url).port);
    await api.server.close();
    await page.getByText(/^paused, as of \d\d:\d\d:\d\d$/).waitFor();
    api = await start(port);
    await page.getByText('live', { exact: true }).waitFor();
    expect(await form.getByLabel('reason').inputValue()).to.equal('typed before the restart');
    const before = (await acts()).length;
    await send();
    await page.getByText('typed before the').first().waitFor();
    expect(await acts()).to.have.length(before + 1);
    await page.context().close();
  });

  it('the database away: 503 and what is so, with the request; afterwards it goes on', async () => {
    const { page } = await open('/console/customers');
    await proxy.cut();
    const away = await page.goto(`${api.server.url}/console/customers/1`);
    expect(away?.status()).to.equal(503);
    expect(await page.locator('body').innerText()).to.match(/cannot answer now[\s\S]*request/);
    await proxy.fix();
    await page.goto(`${api.server.url}/console/customers/1`);
    await page.getByRole('heading', { name: 'Ada' }).waitFor();
    await page.context().close();
  });
});
