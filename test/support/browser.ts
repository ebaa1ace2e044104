// A real Chromium without a window, for tests of pages. On Linux it is the one of the package
// @sparticuz/chromium, which needs no installation; elsewhere the Chrome of the machine.
import chromiumPackage from '@sparticuz/chromium';
import { chromium, type Browser, type Page } from 'playwright-core';

export type Watched = {
  page: Page;
  /** What the console said that is no mere note, what was refused or failed, and what other hosts were asked. */
  troubles: string[];
};

export async function startBrowser(): Promise<Browser> {
  if (process.platform !== 'linux') return await chromium.launch({ channel: 'chrome' });
  const executablePath = await chromiumPackage.executablePath();
  return await chromium.launch({ executablePath, args: chromiumPackage.args });
}

/** A page in a session of its own, with all that goes wrong in it. Other hosts than that of `url` do not answer. */
export async function openPage(browser: Browser, url: string): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(`script: ${error.message}`));
  const { origin } = new URL(url);
  await page.route(
    (asked) => asked.origin !== origin && asked.protocol.startsWith('http'),
    async (route) => {
      troubles.push(`another host: ${route.request().url()}`);
      await route.abort();
    },
  );
  await page.goto(url);
  return { page, troubles };
}
