// The console in a real browser: its policy, and what stays as it is while a page is kept up to date.
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { openPage, startBrowser } from '../support/browser.ts';
import { useDatabase } from '../support/database.ts';
import { showWorker } from '../support/workers-shown.ts';
import { startApi } from '../api/start-api.ts';

const HOUR_MS = 3_600_000;

describe('the console in a browser', () => {
  const database = useDatabase();
  let browser: Browser;
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db, console: {} });
    for (const name of ['Ada', '<img src=x onerror=document.title=1>'])
      await api.send('POST', '/api/v1/customers', { body: { name, email: `${name.length}@example.org` } });
    browser = await startBrowser();
  });
  after(async () => {
    await browser.close();
    await api.server.close();
  });

  it('breaks no rule of its policy, and keeps a page up to date without closing a fold or moving the focus', async () => {
    const { page, troubles } = await openPage(browser, `${api.server.url}/console/customers/1`);
    await page.getByText('live', { exact: true }).waitFor();
    // A fold and a focus as a reader has them.
    await page.evaluate(`(() => {
      const trip = document.querySelector('.trip');
      trip.insertAdjacentHTML('beforeend', '<details id="kept" open><summary>kept</summary></details>');
      trip.querySelector('summary').focus();
    })()`);
    await api.send('PATCH', '/api/v1/customers/1', { body: { name: 'Ada Lovelace' } });
    await page.locator('#standing').getByText('on its way').waitFor();
    await page.locator('#newer').getByText('1 newer').waitFor();
    expect(await page.evaluate(`document.activeElement?.textContent`)).to.equal('kept');
    expect(await page.locator('#kept').getAttribute('open')).to.equal('');
    expect(troubles).to.deep.equal([]);
    await page.context().close();
  });

  it('goes by keys: down a row, into it, and to the box that finds', async () => {
    const { page, troubles } = await openPage(browser, `${api.server.url}/console/customers`);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    expect(await page.evaluate(`document.activeElement?.textContent?.trim()`)).to.include('<img src=x');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/customers/2');
    await page.keyboard.press('/');
    expect(await page.evaluate(`document.activeElement?.id`)).to.equal('find');
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.waitForURL('**/console/customers');
    expect(troubles).to.deep.equal([]);
    await page.context().close();
  });

  it('goes by the clock of the server, whatever the clock of the browser says', async () => {
    // It is seen in a day.
    await showWorker(database.db);
    const now = new Date(Date.now() + 27 * HOUR_MS);
    const ahead = await startApi({ db: database.db, clock: { now: () => now }, console: {} });
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.clock.setFixedTime(now.getTime() + 5 * HOUR_MS);
    await page.route('**/console/changes', (route) => route.abort());
    try {
      await page.goto(`${ahead.server.url}/console/health`);
      await page.getByText('3 h ago').first().waitFor();
      await page.getByText(`paused, as of ${now.toISOString().slice(11, 19)}`).waitFor();
    } finally {
      await context.close();
      await ahead.server.close();
    }
  });

  it('works without scripts, and scrolls sideways on no phone', async () => {
    const context = await browser.newContext({
      javaScriptEnabled: false,
      viewport: { width: 390, height: 844 },
    });
    const page = await context.newPage();
    await page.goto(`${api.server.url}/console/customers`);
    await page.getByRole('button', { name: 'dark' }).click();
    expect(await page.locator('html').getAttribute('data-theme')).to.equal('dark');
    await page.getByRole('link', { name: 'Ada' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    const box = await page.locator('main').boundingBox();
    expect(box?.width).to.be.at.most(390);
    await context.close();
  });
});
