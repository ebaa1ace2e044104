// What people come for, in a real browser and on a whole system: one system, one browser, few and long journeys.
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { call, noLimits, usePlace, type Up } from '../cli/twinbox.ts';
import { openPage, startBrowser } from '../support/browser.ts';
import { useDatabase } from '../support/database.ts';
import { crawl, examine } from './crawl.ts';
import { follow, press, readGuide } from './guide.ts';
import {
  at,
  create,
  HOSTILE_NAMES,
  makeConflict,
  refuseCreates,
  settled,
  type Customer,
  type Group,
} from './scene.ts';

describe('journeys through the console', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let browser: Browser;
  let up: Up;

  before('start a system and a browser', async () => {
    [up, browser] = await Promise.all([place.up(), startBrowser()]);
    await noLimits(up);
  });
  after(() => browser.close());

  const open = async (path: string) => (await openPage(browser, up.api + path)).page;
  const says = (page: Page, text: string | RegExp) => page.locator('main').getByText(text).first().waitFor();
  const api = <T>(path: string) => call<T>('GET', at(up.api) + path);

  /** Customers that Stripe refuses, until the answer is called. */
  async function refused(people: readonly (readonly [string, string])[]): Promise<() => Promise<unknown>> {
    const end = await refuseCreates(up);
    for (const person of people) await settled(up, [(await create(up, person)).id], 'parked');
    return end;
  }

  it('stuck customer: the guided run of docs/console.md, from the trouble to the audit', async () => {
    const end = await refused([
      ['Ada Lovelace', 'ada@example.com'],
      ['Grace Hopper', 'grace@example.com'],
      ['Mary Jackson', 'mary@example.com'],
    ]);
    await end();
    const { page, troubles } = await openPage(browser, `${up.api}/console`);
    const steps = readGuide();
    expect(steps.length).to.be.greaterThan(15);
    await follow(page, up.api, steps);
    await settled(up, [1, 2, 3]);
    expect(troubles).to.deep.equal([]);
    await page.context().close();
  });

  it('two operators: a plan that is stale says what changed and keeps what was typed; run twice, it runs once', async () => {
    const end = await refused(HOSTILE_NAMES.map((name, n) => [name, `hostile${n}@example.com`] as const));
    await end();
    const [group] = await api<Group[]>('/groups');
    const first = await open(`/console/replays/new?group=${group?.fingerprint}`);
    await press(first, 'Show what it would do');
    await first.getByLabel('reason').fill('the fault is gone');
    // The other one corrects a customer meanwhile.
    await call('PATCH', `${at(up.api)}/customers/4`, { email: 'corrected@example.com' });
    await settled(up, [4]);
    const answer = first.waitForResponse((each) => each.request().method() === 'POST');
    await press(first, 'Run this replay');
    expect((await answer).status()).to.equal(409);
    await says(first, 'Nothing was done');
    expect(await first.getByLabel('reason').inputValue()).to.equal('the fault is gone');

    const second = await open(`/console/replays/new?group=${group?.fingerprint}`);
    await press(second, 'Show what it would do');
    await second.getByLabel('reason').fill('I want it too');
    await press(first, 'Run this replay of 1 pair');
    await first.waitForURL(/replays\/2$/);
    const late = second.waitForResponse((each) => each.request().method() === 'POST');
    await press(second, 'Run this replay of 1 pair');
    // The plan is stale, or its group is gone by now.
    expect((await late).status()).to.be.oneOf([409, 404]);
    await settled(up, [5]);
    expect((await api<object[]>('/replays')).length).to.equal(2);
    await first.context().close();
    await second.context().close();
  });

  it('conflict: shows what would be written, reverses it, and the audit has it', async () => {
    const { id } = await makeConflict(up, 2);
    const page = await open('/console/conflicts');
    await press(page, 'name');
    await page.waitForURL(`**/conflicts/${id}`);
    await says(page, 'the two values look the same and are not');
    await says(page, 'Reversing it now would write');
    await page.getByLabel('reason').fill('their spelling is right');
    await press(page, 'Reverse it');
    await page.waitForURL('**/customers/2');
    await settled(up, [2]);
    expect((await api<Customer & { name: string }>('/customers/2')).name).to.include('\u041dopper');
    await page.goto(`${up.api}/console/conflicts/${id}`);
    expect(await page.locator('h1 ~ span').innerText()).to.include('reversed');
    await page.goto(`${up.api}/console/audit`);
    await says(page, /reverse.conflict/);
    await page.context().close();
  });

  it('lane: paused with a reason, the overview says so to others, and what waited goes on when it is resumed', async () => {
    const [page, other] = [await open('/console'), await open('/console/customers/1')];
    const act = async (verb: 'Pause' | 'Resume', reason: string) => {
      await page.getByText('Pause or resume a lane…').click();
      const form = page.locator('form', { has: page.getByRole('button', { name: verb }) });
      await form.getByLabel('reason').fill(reason);
      await form.getByRole('button', { name: verb }).click();
    };
    await act('Pause', 'month end');
    await says(page, 'month end');
    await call('PATCH', `${at(up.api)}/customers/1`, { name: 'Ada King' });
    await other.locator('#standing').getByText('on its way').waitFor();
    await act('Resume', 'books are closed');
    await other.locator('#standing').getByText('in agreement').waitFor();
    await page.goto(`${up.api}/console/audit`);
    await says(page, 'books are closed');
    await Promise.all([page.context().close(), other.context().close()]);
  });

  it('find: goes from any id to its page, and says so where there is none', async () => {
    const page = await open('/console');
    const { external_mappings: records } = await api<{ external_mappings: Record<string, string> }>(
      '/customers/1',
    );
    const [event] = await api<{ event_id: string }[]>('/events?customer=1');
    const [conflict] = await api<{ id: string }[]>('/conflicts');
    const [write] = await api<{ request_id: string | null }[]>('/attempts?customer=1');
    for (const [q, to] of [
      ['ada@example.com', '/customers/1'],
      [event?.event_id, `/events/${event?.event_id}`],
      [conflict?.id, `/conflicts/${conflict?.id}`],
    ] as const) {
      await page.goto(`${up.api}/console`);
      await page.keyboard.press('/');
      await page.keyboard.type(q ?? 'none', { delay: 0 });
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/console${to}`);
    }
    // Several things have these: a list leads to each.
    for (const [q, kind] of [
      ['1', 'replay'],
      [records['stripe'], 'mapping'],
      [write?.request_id, 'attempt'],
    ] as const) {
      await page.goto(`${up.api}/console/find?q=${q}`);
      await says(page, kind);
      await page.locator('tbody a[href="/console/customers/1"]').first().waitFor();
    }
    await page.goto(`${up.api}/console/find?q=cus_nowhere`);
    await says(page, 'Nothing has the id');
    await page.context().close();
  });

  it('keyboard alone: to a page, down its rows, into one, to its replay, and the help', async () => {
    const page = await open('/console');
    const keys = async (...all: string[]) => {
      for (const key of all) await page.keyboard.press(key);
    };
    await keys('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).to.equal('To the page');
    await keys('g', 'c');
    await page.waitForURL('**/console/customers');
    await keys('j', 'j', 'j', 'k', 'Enter');
    await page.waitForURL(/customers\/\d+$/);
    // Acts of people have nothing to fold out; changes have their attempts.
    await keys('j', 'o', 'j', 'o', 'j', 'o', 'j', 'o');
    await page.locator('.trip details[open]').first().waitFor();
    await keys('?');
    await page.locator('#keys:popover-open').waitFor();
    await keys('Escape', '/');
    expect(await page.evaluate('document.activeElement.id')).to.equal('find');
    // A field takes what is typed: no key goes anywhere.
    await keys('g', 'a');
    expect(await page.locator('#find').inputValue()).to.equal('ga');
    await keys('Escape', 'r');
    await page.waitForURL('**/console/replays/new?customer=*');
    await page.context().close();
  });

  it('scripts off: filters, looks, sees a plan and acts all the same', async () => {
    const context = await browser.newContext({
      ...{ javaScriptEnabled: false, viewport: { width: 390, height: 844 } },
    });
    const page = await context.newPage();
    await page.goto(`${up.api}/console/customers`);
    await page.locator('form.filter input').first().fill('ada');
    await press(page, 'Filter');
    await page.goto(`${up.api}/console/customers/1`);
    await press(page, 'Replay…');
    await press(page, 'Show what it would do');
    await page.goto(`${up.api}/console/customers/1`);
    await press(page, 'Pause…');
    await page.getByLabel('reason').fill('asked by its owner');
    await press(page, 'Pause');
    await page.waitForURL('**/console/customers/1');
    await page.goto(`${up.api}/console/audit`);
    await says(page, 'asked by its owner');
    await context.close();
  });

  it('every page: links answer, one heading, no other host, no console error, no finding of axe in light, dark, 390 px', async () => {
    const end = await refused([[HOSTILE_NAMES[1], 'again@example.com']]);
    await end();
    const kinds = await crawl(up.api, ['/console', '/console/customers/5']);
    const { page, troubles } = await openPage(browser, `${up.api}/console`);
    const reports = [];
    for (const path of kinds) {
      await page.goto(up.api + path);
      reports.push(await examine(page));
      expect(await page.title(), path).to.include('Twinbox');
    }
    const findings = reports.flatMap((each) => each.findings);
    const passed = reports.reduce((sum, each) => sum + each.passed, 0);
    expect(findings).to.deep.equal([]);
    expect(troubles).to.deep.equal([]);
    process.stdout.write(
      `      axe: ${kinds.length} pages in light, dark and 390 px, ${passed} rules passed, ${findings.length} findings\n`,
    );
    await page.context().close();
  });
});
