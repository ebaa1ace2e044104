// A real Chromium without a window, for tests of pages. On Linux it is the one that the package
// @sparticuz/chromium carries, packed, which needs no installation; elsewhere the Chrome of the machine.
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { chromium, type Browser, type Page } from 'playwright-core';
import ours from '../../package.json' with { type: 'json' };

export type Watched = {
  page: Page;
  /** What the console warned of, what failed in a script, and what another host was asked for. */
  troubles: string[];
};

/** In a container there is no user but root, and no GPU. */
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];

export async function startBrowser(): Promise<Browser> {
  if (process.platform !== 'linux') return await chromium.launch({ channel: 'chrome' });
  return await chromium.launch({ executablePath: await unpackedBrowser(), args: ARGS });
}

/** Unpacked once for each version: 190 MB, beside the packages. */
async function unpackedBrowser(): Promise<string> {
  const main = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const packed = fileURLToPath(new URL('../../bin/chromium.br', `file://${main}`));
  const { devDependencies } = ours;
  const folder = new URL(
    `../../node_modules/.cache/chromium-${devDependencies['@sparticuz/chromium']}/`,
    import.meta.url,
  );
  const path = fileURLToPath(new URL('chromium', folder));
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  // Renamed when it is whole: a run that is killed leaves no half of it under its name.
  const part = `${path}.${process.pid}`;
  await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(part));
  await chmod(part, 0o755);
  await rename(part, path);
  return path;
}

/** A page in a session of its own, with all that goes wrong in it. Other hosts than that of `url` do not answer. */
export async function openPage(browser: Browser, url: string): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  // Below the limit of a test: what did not come is then named.
  page.setDefaultTimeout(20_000);
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
