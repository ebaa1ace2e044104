// Makes the pictures of docs/console.md: `make screenshots`. It starts a system of its own with the simulator, makes
// its trouble, and takes each page in light, dark and on a phone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { ignoreConnectionSettings } from '../../lib/config/config.ts';
import { startBrowser } from '../support/browser.ts';
import { press } from './guide.ts';
import { makeScene, type Scene, type System } from './scene.ts';

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url));

const MODES = [
  ['light', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
  ['phone', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
] as const;

type Shown = [name: string, show: (page: Page) => Promise<unknown>];

function shownOf({ api }: System, { stuck, people, conflict, group }: Scene): Shown[] {
  return [
    ['overview', (page) => page.goto(`${api}/console`)],
    ['timeline', (page) => page.goto(`${api}/console/customers/${people[1] ?? stuck[0]}`)],
    [
      'plan',
      async (page) => {
        await page.goto(`${api}/console/replays/new?group=${group.fingerprint}`);
        await press(page, 'Show what it would do');
        await page.waitForURL('**/replays/plans/*');
      },
    ],
    ['conflict', (page) => page.goto(`${api}/console/conflicts/${conflict.id}`)],
  ];
}

async function shoot(system: System): Promise<void> {
  const shown = shownOf(system, await makeScene(system));
  const browser = await startBrowser();
  for (const [mode, options] of MODES) {
    const page = await (await browser.newContext(options)).newPage();
    for (const [name, show] of shown) {
      await show(page);
      await page.waitForLoadState('load');
      const path = join(FOLDER, `console-${name}-${mode}.png`);
      await page.screenshot({ path, style: '.live { visibility: hidden }' });
      process.stdout.write(`${path} ${Math.round((await stat(path)).size / 1_000)} kB\n`);
    }
  }
  await browser.close();
}

const data = await mkdtemp(join(tmpdir(), 'twinbox-screenshots-'));
const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../cli/main.ts'), 'up', '--json'], {
  cwd: data,
  env: { ...ignoreConnectionSettings(), TWINBOX_DATA_DIR: data, API_PORT: '0', SIMULATOR_PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  await shoot(JSON.parse(line) as System);
} finally {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
  await rm(data, { recursive: true, force: true });
}
