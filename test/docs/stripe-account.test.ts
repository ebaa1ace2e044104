// docs/stripe-account.md: its lists are those of the code, and its commands connect an account.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Stripe } from 'stripe';
import { ignoreConnectionSettings } from '../../lib/config/config.ts';
import { CUSTOMER_EVENTS } from '../../lib/integrations/stripe/endpoint.ts';
import { freePorts } from '../kafka/support/ports.ts';
import { createFleet } from '../processes/fleet.ts';
import { usePlace } from '../cli/twinbox.ts';
import { collect } from '../support/child.ts';
import { insertCustomer } from '../support/customers.ts';
import { useDatabase } from '../support/database.ts';
import { blocksOf, readPage, ROOT } from './read-page.ts';

const page = readPage('docs/stripe-account.md');
const MAIN = resolve(ROOT, 'cli/main.ts');

/** Calls of the `stripe` package in the integration; endpoint.ts is for the simulator alone. */
function callsInCode(): string[] {
  const folder = join(ROOT, 'lib/integrations/stripe');
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'endpoint.ts');
  const calls = files.flatMap((name) => [
    ...readFileSync(join(folder, name), 'utf8').matchAll(/\bstripe\.((?:\w+\.)+\w+)\(/g),
  ]);
  return [...new Set(calls.map(([, call = '']) => call))].toSorted();
}

describe('docs/stripe-account.md', () => {
  it('lists exactly the calls that the integration makes, each with its permission', () => {
    const rows = [...page.matchAll(/^\| .+ \| (?:Read|Write) \| .+ \| (.+) \| .+ \|$/gm)];
    const named = rows.flatMap(([, calls = '']) =>
      [...calls.matchAll(/`([\w.]+)`/g)].map(([, call]) => call),
    );
    expect([...new Set(named)].toSorted()).to.deep.equal(callsInCode());
  });

  it('lists exactly the events that are received, in the text, for curl and for the Stripe CLI', () => {
    const wanted = [...CUSTOMER_EVENTS].toSorted();
    expect(blocksOf(page, 'text')[0]?.trim().split('\n').toSorted()).to.deep.equal(wanted);
    const sent = [...page.matchAll(/enabled_events\[\]=([\w.]+)/g)].map(([, type]) => type);
    expect(sent.toSorted()).to.deep.equal(wanted);
    expect(/stripe listen --events (\S+)/.exec(page)?.[1]?.split(',').toSorted()).to.deep.equal(wanted);
  });

  it('names the API version that Twinbox uses', () => {
    expect([...new Set(page.match(/\b20\d\d-\d\d-\d\d\.\w+/g))]).to.deep.equal([Stripe.API_VERSION]);
  });

  describe('its commands', function () {
    this.timeout(120_000);
    const database = useDatabase();
    const place = usePlace();
    let fleet: ReturnType<typeof createFleet>;
    let up: ChildProcess | null = null;
    after('end what runs', async () => {
      await endUp('SIGKILL');
      await fleet.endAll();
    });

    async function endUp(signal: NodeJS.Signals): Promise<void> {
      if (up === null || up.exitCode !== null) return;
      const gone = once(up, 'exit');
      up.kill(signal);
      await gone;
    }

    it('connect an account: the key, the endpoint, the look, the first link', async () => {
      fleet = createFleet(() => ({ TWINBOX_DATA_DIR: place.folder }));
      const { url: simulator } = await fleet.start('simulator', { SIMULATOR_PORT: '0' });
      const [port = 0] = await freePorts(1);
      const env = {
        ...{ ...ignoreConnectionSettings(), DATABASE_URL: database.url, STRIPE_API_BASE: simulator },
        ...{ TWINBOX_DATA_DIR: join(place.folder, 'data'), API_PORT: String(port) },
        ...{ SETUP_KEY: 'sk_test_setup', PUBLIC_URL: `http://127.0.0.1:${port}` },
      };
      const at = {
        eventId: '019a8a3c-0000-7000-8000-000000000001',
        source: 'internal',
        context: {},
        now: new Date(),
      };
      await insertCustomer(database.db, { name: 'Ada', email: 'ada@example.com' }, at);
      await fetch(`${simulator}/v1/customers`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk_test_page' },
        body: new URLSearchParams({ name: 'Ada', email: 'ADA@example.com' }),
      });

      let secret = '';
      const run = async (block: string): Promise<string> => {
        const script = block
          .replaceAll('rk_test_…', 'sk_test_page')
          .replaceAll('whsec_…', secret)
          .replaceAll('https://api.stripe.com', simulator);
        const npx = `npx() { shift; "${process.execPath}" "${MAIN}" "$@"; }`;
        const shell = ['-c', `exec 2>&1\n${npx}\n${script}\nexit 0`];
        const { stdout } = await promisify(execFile)('bash', shell, { cwd: place.folder, env });
        return stdout;
      };
      const start = async (): Promise<string> => {
        await endUp('SIGTERM');
        up = spawn(process.execPath, [MAIN, 'up', '--json'], { cwd: place.folder, env });
        const errors = collect(up.stderr);
        if (!up.stdout) throw new Error('no output');
        const ended = once(up, 'exit').then(() => errors());
        return await Promise.race([once(createInterface({ input: up.stdout }), 'line').then(String), ended]);
      };

      const shown: string[] = [];
      for (const block of blocksOf(page, 'sh')) {
        const out = block === 'npx twinbox up\n' ? await start() : await run(block);
        secret = /"secret": *"(whsec_[^"]+)"/.exec(out)?.[1] ?? secret;
        shown.push(out);
      }
      const [first, made, second, , dryRun, , , linked] = shown;
      expect(first)
        .to.include('no signing secret is set')
        .and.match(/^ok +key rights/m);
      expect(made).to.include('whsec_');
      expect(second).to.match(/^ok +webhooks/m);
      expect(dryRun).to.match(/^1 +pairs? by their email/);
      expect(linked).to.match(/1 customer agrees, 0 drift\n$/);
    });
  });
});
