import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { inEnvironment } from '../support/environment.ts';
import { waitUntil } from '../support/signal.ts';
import { runHere } from './in-process.ts';
import { call, noLimits, usePlace, type Up } from './twinbox.ts';

type Listed = {
  id: number;
  event_id: string;
  event_type: string;
  customer: number | null;
  deliveries: { target: string; status: string }[];
};
type Page = { events: Listed[]; after: string | null };
type Shown = {
  context: Record<string, unknown>;
  published: { topic: string; partition: number; offset: number }[];
  deliveries: {
    target: string;
    status: string;
    attempts: number;
    intent: { operation: string; result: string; key: string } | null;
    calls: { request_id: string | null; status: number | null }[];
    confirmed_by: string | null;
  }[];
  led_to: { event_type: string; version: number }[];
  confirmed: { event_id: string }[];
};

describe('twinbox events', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let up: Up;
  let ada = 0;

  before('one customer that we created and renamed, and that Stripe renamed', async function () {
    up = await place.up();
    await noLimits(up);
    const customers = `${up.api}/api/v1/customers`;
    const made = await fetch(customers, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'request-of-ada' },
      body: JSON.stringify({ name: 'Ada', email: 'ada@example.com' }),
    });
    ada = ((await made.json()) as { id: number }).id;
    await settled(2);
    await call('PATCH', `${customers}/${ada}`, { name: 'Ada L' });
    await settled(4);
    const cus = (await call<{ external_mappings: { stripe: string } }>('GET', `${customers}/${ada}`))
      .external_mappings.stripe;
    await call('POST', `${up.simulator}/_sim/dashboard/customers/${cus}`, { name: 'Ada Lovelace' });
    await settled(6);
  });

  /** Waits until this number of deliveries have their outcome, and each write of ours its echo. */
  async function settled(count: number): Promise<void> {
    await waitUntil(
      async () => {
        const rows = await database
          .db<{ status: string; confirmed_by: string | null }>('sync_deliveries')
          .select('status', 'confirmed_by');
        const open = rows.filter(
          ({ status, confirmed_by: echo }) =>
            ['queued', 'waiting'].includes(status) || (status === 'applied' && echo === null),
        );
        // A change of theirs is applied to our table and has no echo.
        return rows.length === count && open.length <= (count === 6 ? 1 : 0);
      },
      { timeoutMs: 20_000, what: `${count} deliveries are settled` },
    );
  }

  const list = async (...args: string[]): Promise<Page> => {
    const { code, stdout, stderr } = await place.run(['events', 'list', '--json', ...args]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Page;
  };
  const show = async (id: string | undefined): Promise<Shown> => {
    const { code, stdout, stderr } = await place.run(['events', 'show', id ?? '', '--json']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Shown;
  };
  const ids = ({ events }: Page): number[] => events.map(({ id }) => id);

  it('lists the newest first, and continues from a given number', async () => {
    const all = await list();
    expect(ids(all)).to.deep.equal(ids(all).toSorted((a, b) => b - a));
    expect(all.after).to.equal(null);
    const walked: number[] = [];
    let page = await list('--limit', '3');
    for (;;) {
      walked.push(...ids(page));
      if (page.after === null) break;
      page = await list('--limit', '3', '--after', page.after);
    }
    expect(walked).to.deep.equal(ids(all));
  });

  it('filters by status, type, customer, target and time', async () => {
    const all = await list();
    const types = async (...args: string[]): Promise<Set<string>> =>
      new Set((await list(...args)).events.map(({ event_type: type }) => type));
    expect(await types('--type', 'customer.created')).to.deep.equal(new Set(['customer.created']));
    expect(await types('--type', 'stripe.*')).to.deep.equal(
      new Set(['stripe.customer.created', 'stripe.customer.updated']),
    );
    expect(await types('--status', 'origin')).to.deep.equal(new Set(['customer.updated']));
    // The relay has passed all events; an event that no worker takes never has a delivery.
    expect(ids(await list('--status', 'unpublished', 'published'))).to.deep.equal([]);
    expect(ids(await list('--customer', String(ada)))).to.deep.equal(ids(all));
    expect(ids(await list('--customer', '999'))).to.deep.equal([]);
    const inbound = await list('--target', 'internal', '--status', 'applied', 'echo');
    expect(inbound.events.map(({ event_type: type }) => type.split('.')[0])).to.deep.equal(
      Array(3).fill('stripe'),
    );
    expect(ids(await list('--since', '1h'))).to.deep.equal(ids(all));
    expect(ids(await list('--until', '1h'))).to.deep.equal([]);
  });

  it('prints columns for people', async () => {
    const { code, stdout } = await place.run(['events', '--limit', '2']);
    expect(code).to.equal(0);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).to.match(/^number +when +type +customer +version +source +outcome +event$/);
    expect(rows).to.have.length(2);
    expect(rows.join('\n')).to.match(/customer\.updated +1 +3 +stripe +stripe: origin/);
  });

  it('follows an event from its request to its echo', async () => {
    const [created] = (await list('--type', 'customer.created')).events;
    const shown = await show(created?.event_id);
    expect(shown.context).to.include({ request_id: 'request-of-ada' });
    expect(shown.published.map(({ topic }) => topic)).to.have.members(['sync.outbound', 'customer.events']);
    const [delivery] = shown.deliveries;
    expect(delivery).to.include({ target: 'stripe', status: 'applied', attempts: 1 });
    expect(delivery?.intent).to.include({ operation: 'create', result: 'done' });
    expect(delivery?.intent?.key).to.match(/^tb1:/);
    expect(delivery?.calls.map(({ status }) => status)).to.deep.equal([200]);
    expect(delivery?.calls[0]?.request_id).to.match(/^req_/);
    const echo = await show(delivery?.confirmed_by ?? '');
    expect(echo.deliveries[0]).to.include({ target: 'internal', status: 'echo' });
    expect(echo.confirmed.map(({ event_id: id }) => id)).to.deep.equal([created?.event_id]);
    const { stdout } = await place.run(['events', 'show', created?.event_id ?? '']);
    for (const step of [
      /asked by +request_id request-of-ada/,
      /published +sync\.outbound, partition \d+, offset \d+/,
    ])
      expect(stdout).to.match(step);
    for (const step of [/intent +create of version 1, done/, /request req_\w+/, /echo +confirmed by/])
      expect(stdout).to.match(step);
    expect(stdout).not.to.include('ada@example.com');
  });

  it('says what an inbound event has led to', async () => {
    const inbound = (await list('--target', 'internal', '--status', 'applied')).events;
    const shown = await show(inbound[0]?.event_id);
    expect(shown.led_to).to.have.length(1);
    expect(shown.led_to[0]).to.include({ event_type: 'customer.updated', version: 3 });
  });

  it('takes the words of the API: states with commas, system, error, and one cursor', async () => {
    const { events } = await list('--status', 'applied,echo', '--system', 'internal');
    expect(events).to.have.length(3);
    expect(ids(await list('--error', 'email_invalid'))).to.deep.equal([]);
    const { after } = await list('--limit', '2', '--type', 'customer.*');
    const answer = await fetch(`${up.api}/api/v1/events?type=customer.*&after=${String(after)}`);
    const next = (await answer.json()) as Listed[];
    expect(answer.status).to.equal(200);
    expect(next.map(({ id }) => id)).to.deep.equal(
      ids(await list('--type', 'customer.*', '--after', String(after))),
    );
    const other = await place.run(['events', '--after', String(after)]);
    expect(other.code).to.equal(2);
    expect(other.stderr).to.match(/--after must be a whole cursor/);
  });

  it('tells the story of a customer as one, in both orders', async () => {
    const { code, stdout } = await place.run(['timeline', 'customer', String(ada), '--order', 'oldest']);
    expect(code).to.equal(0);
    const order = [
      ...[
        /change +customer\.created, version 1, by internal, .*request_id request-of-ada/,
        /published +sync\.outbound/,
      ],
      ...[/received +stripe: customer\.created/, /call +stripe: create 200, \d+ ms, request req_/],
      ...[/settled +stripe: applied after \d+ ms/, /change +customer\.updated, version 3, by stripe/],
    ].map((step) => stdout.search(step));
    expect(order).to.deep.equal(order.toSorted((a, b) => a - b));
    expect(order[0], stdout).not.to.equal(-1);
    expect(stdout)
      .to.match(/inbound +stripe\.customer\.created, echo after \d+ ms/)
      .and.not.to.include('ada@');
    const page = await place.run(['timeline', 'customer', String(ada), '--limit', '3', '--json']);
    const { items, after } = JSON.parse(page.stdout) as { items: unknown[]; after: string };
    expect(items).to.have.length(3);
    const answer = await fetch(`${up.api}/api/v1/customers/${ada}/timeline?limit=3`);
    expect(((await answer.json()) as { items: unknown }).items).to.deep.equal(items);
    expect(answer.headers.get('link')).to.include(after);
    expect((await place.run(['timeline', 'customer', '999'])).code).to.equal(3);
  });

  it('prints the same of an API as of its database, for every command that can read both', async () => {
    const { events } = await list('--limit', '2');
    const [first] = events;
    const commands = [
      ['events', '--limit', '3'],
      ['events', '--type', 'stripe.*', '--json'],
      ['events', '--needs-attention'],
      ...(await list()).events.map(({ event_id: id }) => ['events', 'show', id]),
      ['events', 'show', first?.event_id ?? '', '--json'],
      ['events', 'show', '00000000-0000-7000-8000-000000000000'],
      ['timeline', 'customer', String(ada)],
      ['timeline', 'customer', String(ada), '--order', 'oldest', '--limit', '4', '--json'],
      ['timeline', 'customer', '999'],
      ['groups'],
      ['groups', 'show', '0123456789ab'],
      ['conflicts', 'list', '--no-reversed'],
      ['conflicts', 'show', '00000000-0000-7000-8000-000000000000'],
      ['keys', 'list', '--all'],
      ['customers', 'changes'],
      ['customers', 'changes', '--limit', '2', '--json'],
    ];
    for (const command of commands) {
      const ways: object[] = [];
      for (const where of [{ DATABASE_URL: database.url }, { TWINBOX_API_URL: up.api }]) {
        const answer = await inEnvironment(where, () => runHere(...command));
        // A position names the moment at which it was given.
        ways.push(
          JSON.parse(JSON.stringify(answer).replace(/1\.[0-9a-f]{8}\.[0-9a-z.-]+/g, 'position')) as object,
        );
      }
      const [local, remote] = ways;
      expect(remote, command.join(' ')).to.deep.equal(local);
      expect(JSON.stringify(local)).to.not.include('fault of Twinbox');
    }
  });

  it('says that no group of failures needs a person', async () => {
    const { code, stderr } = await place.run(['groups']);
    expect({ code, stderr: stderr.trim() }).to.deep.equal({
      ...{
        code: 0,
        stderr:
          'No open pair is parked, waits for a person or fails; --closed lists what a person has closed.',
      },
    });
    const attention = await place.run(['events', '--needs-attention', '--json']);
    expect(JSON.parse(attention.stdout)).to.deep.equal({ groups: [], events: [], after: null });
    expect((await place.run(['groups', 'show', '0123456789ab'])).code).to.equal(3);
  });

  it('ends with 3 for an event that does not exist, and with 2 for invalid arguments', async () => {
    const gone = await place.run(['events', 'show', '00000000-0000-7000-8000-000000000000']);
    expect(gone.code).to.equal(3);
    expect(gone.stderr).to.match(/older than the retention/);
    for (const args of [
      ['show', 'x'],
      ['list', '--status', 'lost'],
      ['list', '--limit', '5000'],
      ['list', '--since', 'then'],
      ['list', '--after', '0'],
      ['list', '--type', 'a**'],
      ['list', '--error', 'a b'],
      ['list', '--system', 'nowhere'],
      ['list', '--needs-attention', '--status', 'parked'],
      ['list', '--since', '1h', '--until', '2h'],
      ['show'],
    ]) {
      const { code, stderr } = await runHere('events', ...args);
      expect(code, args.join(' ')).to.equal(2);
      expect(stderr).not.to.match(/^ {4}at /m);
    }
  });

  it('finds no problem in a system that runs', async () => {
    const { code, stdout } = await place.run(['doctor', '--json']);
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { name: string; level: string }[] };
    expect({ code, ok }, stdout).to.deep.equal({ code: 0, ok: true });
    expect(checks.filter(({ level }) => level === 'problem')).to.deep.equal([]);
    const names = new Set(checks.map(({ name }) => name));
    for (const name of [
      ...['settings', 'disk', 'database', 'clocks', 'migrations', 'relay', 'partitions', 'retention'],
      ...['waiting', 'key rights', 'webhooks', 'account', 'heard'],
    ])
      expect(names).to.include(name);
  });
});
