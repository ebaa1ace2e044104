// The pages in a real browser, and their files over HTTP.
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { openPage, startBrowser, type Watched } from '../../support/browser.ts';
import { useDatabase } from '../../support/database.ts';
import { freshCustomer, startApi } from '../start-api.ts';

const PAGES = ['/docs', '/redoc', '/asyncapi'];
const READY = 'body[data-ready=yes]';

/** What each page shows, once it has its document. */
const SHOWN: Record<string, string[]> = {
  '/docs': ['/api/v1/customers/{id}', 'Creates a customer', 'Authorize'],
  '/redoc': ['Creates a customer', 'Idempotency-Key', 'Tells the story of one customer'],
  '/asyncapi': ['customer.events', 'delivery.parked', 'external_mappings', 'ce_id'],
};

type Api = Awaited<ReturnType<typeof startApi>>;

describe('the pages of the API', () => {
  const database = useDatabase();
  let browser: Browser | undefined;
  let open: Api;
  let closed: Api;
  let url: string;

  before(async () => {
    open = await startApi({ db: database.db });
    closed = await startApi({ db: database.db, apiKeys: ['k1'] });
    ({ url } = closed.server);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await open.server.close();
    await closed.server.close();
  });

  function visit(path: string, base = url): Promise<Watched> {
    if (browser === undefined) throw new Error('the browser did not start');
    return openPage(browser, base + path);
  }

  async function demandShown({ page }: Watched, path: string): Promise<void> {
    await page.waitForURL(url + path);
    await page.waitForSelector(READY);
    const text = (await page.textContent('#page')) ?? '';
    for (const part of SHOWN[path] ?? []) expect(text, path).to.include(part);
  }

  it('ask for a key once, show their documents, make a call with the key, and ask no other host', async () => {
    await open.send('POST', '/api/v1/customers', {
      body: { name: freshCustomer().name, email: 'of-the-page@example.org' },
    });
    const visited = await visit('/docs');
    const { page, troubles } = visited;
    await page.fill('#key input', 'wrong');
    await page.click('#key button');
    await page.getByText('is not a key of this API').waitFor();
    await page.fill('#key input', 'k1');
    await page.click('#key button');
    await demandShown(visited, '/docs');

    const call = page.locator('#operations-customers-listCustomers');
    await call.locator('.opblock-summary').click();
    await call.getByRole('button', { name: 'Try it out' }).click();
    await call.getByRole('button', { name: 'Execute' }).click();
    const answer = call.locator('.live-responses-table .response');
    await answer.waitFor();
    expect(await answer.textContent())
      .to.include('200')
      .and.include('of-the-page@example.org');
    expect(await call.locator('.curl').textContent()).to.include('Bearer');

    // The other pages of this tab know the key.
    for (const path of ['/redoc', '/asyncapi']) {
      await page.click(`nav a[href="${path}"]`);
      await demandShown(visited, path);
    }
    // The console notes that the document was refused twice; nothing else went wrong.
    expect(troubles.filter((trouble) => !trouble.includes('401'))).to.deep.equal([]);
    expect(troubles).to.have.length(2);
  });

  it('ask for no key where the API needs none', async () => {
    const { page, troubles } = await visit('/asyncapi', open.server.url);
    await page.waitForSelector(READY);
    expect(await page.locator('#key').count()).to.equal(0);
    expect(troubles).to.deep.equal([]);
  });

  it('need no key, have no script in them, and let none in', async () => {
    for (const path of PAGES.flatMap((page) => [page, `${page}/`])) {
      const { status, headers, text } = await closed.send('GET', path);
      expect(status, path).to.equal(200);
      expect(headers.get('Content-Type')).to.equal('text/html; charset=utf-8');
      const policy = headers.get('Content-Security-Policy') ?? '';
      expect(policy).to.match(/^default-src 'none'; script-src 'self';/);
      expect(policy).not.to.match(/unsafe|https?:|\*/);
      for (const [tag] of text.matchAll(/<(script|link|img|iframe)\b[^>]*>/g))
        expect(tag).to.match(/(src|href)="(\/(docs|redoc|asyncapi)\/[\w.-]+\?v=[0-9a-f]{16}|data:,)"/);
      expect(text).not.to.match(/<script[^>]*>[^<]|<style|\bon\w+=|javascript:/);
      const head = await closed.send('HEAD', path);
      expect([head.status, head.text, head.headers.get('Content-Length')]).to.deep.equal([
        200,
        '',
        headers.get('Content-Length'),
      ]);
    }
  });

  it('have files that a browser keeps, by the hash of their bytes', async () => {
    const { text } = await closed.send('GET', '/docs');
    const [, file = ''] = /src="(\/docs\/swagger-ui-bundle\.js\?v=\w+)"/.exec(text) ?? [];
    const whole = await closed.send('GET', file, { headers: { 'Accept-Encoding': 'identity' } });
    expect(whole.headers.get('Cache-Control')).to.equal('public, max-age=31536000, immutable');
    expect(whole.headers.get('Content-Type')).to.equal('text/javascript; charset=utf-8');
    const packed = await closed.send('GET', file, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(packed.headers.get('Content-Encoding')).to.equal('gzip');
    expect(packed.text).to.equal(whole.text);
    expect(Number(packed.headers.get('Content-Length'))).to.be.lessThan(whole.text.length / 2);
    const tag = packed.headers.get('ETag') ?? '';
    const headers = { 'Accept-Encoding': 'gzip', 'If-None-Match': tag };
    expect((await closed.send('GET', file, { headers })).status).to.equal(304);
    const old = await closed.send('GET', file.replace(/v=\w+/, 'v=0'), {});
    expect([old.status, old.headers.get('Cache-Control')]).to.deep.equal([200, 'no-cache']);
  });

  it('have no other files, and take no other methods', async () => {
    for (const path of [
      '/docs/nothing.js',
      '/docs/..%2Fpages.ts',
      '/redoc/package.json',
      '/docs/__proto__',
    ]) {
      const answer = await closed.send('GET', path);
      expect([answer.status, answer.json.code], path).to.deep.equal([404, 'not_found']);
    }
    expect((await closed.send('POST', '/docs')).json.code).to.equal('method_not_allowed');
  });
});
