import { expect } from 'chai';
import { Stripe } from 'stripe';
import { useDatabase } from '../support/database.ts';
import { lossesOf, type Edit, type ReportedEvent } from '../support/losses.ts';
import { waitUntil } from '../support/signal.ts';
import { expireLeases } from '../support/sync-rows.ts';
import { call, noLimits, usePlace, type Up } from '../cli/twinbox.ts';

type Row = { id: number; name: string; email: string; external_ids?: Record<string, string> };
type Effects = { created: number; living: number; repeated: unknown[] };

describe('edits on both sides at once', function () {
  this.timeout(120_000);
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let up: Up;
  let stripe: Stripe;
  const edits: Edit[] = [];
  let moment = 0;

  async function start(): Promise<void> {
    up = await place.up();
    await noLimits(up);
    const { hostname: host, port } = new URL(up.simulator);
    stripe = new Stripe('sk_test_twinbox_fake', { host, port, protocol: 'http', maxNetworkRetries: 0 });
  }

  before('start it', start);

  const list = (query = ''): Promise<Row[]> =>
    call<Row[]>('GET', `${up.api}/api/v1/customers?limit=100${query}`);
  const patch = (id: number, values: object): Promise<unknown> =>
    call('PATCH', `${up.api}/api/v1/customers/${id}`, values);
  const make = (name: string): Promise<Row> =>
    call<Row>('POST', `${up.api}/api/v1/customers`, { name, email: `${name}@example.com` });

  async function counterpart(id: number): Promise<string> {
    const { rows } = await database.db.raw<{ rows: { externalId: string }[] }>(
      `select external_id as "externalId" from external_mappings
       where internal_id = :id and role = 'primary' and state = 'linked' and external_id is not null`,
      { id },
    );
    return rows[0]?.externalId ?? '';
  }

  /** All that was sent has arrived, and both sides agree. */
  async function expectAllAgree(): Promise<void> {
    await call('GET', `${up.simulator}/_sim/webhooks/idle`);
    const { code, stdout } = await place.run(['verify', '--wait', '40']);
    expect({ code, stdout: stdout.trim() }).to.deep.equal({
      code: 0,
      stdout: /^\d+ customers agree, 0 drift$/m.exec(stdout)?.[0] ?? 'all agree',
    });
  }

  async function theirEvents(): Promise<ReportedEvent[]> {
    const events: ReportedEvent[] = [];
    for await (const event of stripe.events.list({ limit: 100, type: 'customer.*' }))
      events.push(event as ReportedEvent);
    return events.reverse();
  }

  it('are shown in our table for a record that is created, renamed and deleted at Stripe', async () => {
    const theirs = await stripe.customers.create({ name: 'Ada', email: 'ada@example.com' });
    const seen = async (name: string | undefined): Promise<boolean> =>
      (await list('&email=ada%40example.com'))[0]?.name === name;
    const soon = { timeoutMs: 10_000, everyMs: 10 };
    await waitUntil(() => seen('Ada'), { ...soon, what: 'Ada is in our table' });
    await stripe.customers.update(theirs.id, { name: 'Ada Lovelace' });
    await waitUntil(() => seen('Ada Lovelace'), { ...soon, what: 'her new name is in our table' });
    await stripe.customers.del(theirs.id);
    await waitUntil(() => seen(undefined), { ...soon, what: 'she is deleted in our table' });
    await expectAllAgree();
  });

  it('leave an explanation for each value that did not survive 200 renames on both sides at the same moment', async () => {
    const rows = await Promise.all(Array.from({ length: 50 }, (_, n) => make(`both${n}`)));
    const pairs = await waitUntil(
      async () => {
        const found = await Promise.all(
          rows.map(async ({ id }) => ({ id, externalId: await counterpart(id) })),
        );
        return found.every(({ externalId }) => externalId !== '') && found;
      },
      { timeoutMs: 20_000, what: 'all are linked' },
    );
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        pairs.map(async ({ id, externalId }) => {
          const at = ++moment;
          const [ours, theirs] = [`Ours ${id} ${round}`, `Theirs ${id} ${round}`];
          edits.push({ side: 'ours', id, field: 'name', value: ours, at });
          edits.push({ side: 'theirs', id: externalId, field: 'name', value: theirs, at });
          await Promise.all([
            patch(id, { name: ours }),
            stripe.customers.update(externalId, { name: theirs }),
          ]);
        }),
      );
    }
    await expectAllAgree();
    expect(await lossesOf(database.db, await theirEvents(), edits)).to.deep.equal([]);
  });

  it('lose and double nothing in 200 mixed edits while the system is killed twice', async () => {
    const before = (await list()).length;
    let made = 0;
    let done = 0;
    let running = Promise.resolve();
    const random = createRandom(7);
    const pick = <T>(from: T[]): T | undefined => from[Math.floor(random() * from.length)];
    const customers = await Promise.all(
      (await list()).slice(0, 30).map(async ({ id }) => ({ id, externalId: await counterpart(id) })),
    );

    async function editOne(n: number): Promise<void> {
      const x = random();
      if (x < 0.04) {
        await make(`flow${++made}`);
        return;
      }
      if (x < 0.08) {
        await stripe.customers.create({
          name: 'Made there',
          email: `there${++made}@example.com`,
        });
        return;
      }
      const customer = pick(customers);
      if (!customer) return;
      const field = random() < 0.5 ? 'name' : 'email';
      const side = random() < 0.5 ? 'ours' : 'theirs';
      const value = field === 'name' ? `${side} ${n}` : `${side}${n}@example.com`;
      const id = side === 'ours' ? customer.id : customer.externalId;
      edits.push({ side, id, field, value, at: ++moment });
      if (side === 'ours') await patch(customer.id, { [field]: value });
      else await stripe.customers.update(customer.externalId, { [field]: value });
    }

    async function editor(): Promise<void> {
      while (done < 200) {
        const n = ++done;
        // A request that a kill interrupts has an unknown outcome, as for any caller.
        await editOne(n).catch(() => running);
        await running;
      }
    }

    async function killer(): Promise<void> {
      for (let kill = 1; kill <= 2; kill++) {
        await waitUntil(() => done >= kill * 80, {
          timeoutMs: 30_000,
          everyMs: 5,
          what: `edit ${kill * 80}`,
        });
        running = (async () => {
          up.process.kill('SIGKILL');
          await up.exited;
          await expireLeases(database.db); // as if their time had passed
          await database.db.raw(`update leases set until = clock_timestamp()`);
          await start();
        })();
        await running;
      }
    }

    await Promise.all([killer(), ...Array.from({ length: 4 }, editor)]);
    await expectAllAgree();
    const { repeated, living } = await call<Effects>('GET', `${up.simulator}/_sim/ledger/effects`);
    expect(repeated).to.deep.equal([]);
    const { rows } = await database.db.raw<{ rows: { living: number; linked: number; aliases: number }[] }>(
      `select (select count(*) from customers where deleted_at is null) as living,
              (select count(*) from external_mappings where state = 'linked') as linked,
              (select count(*) from external_mappings where role = 'alias') as aliases`,
    );
    expect(rows).to.deep.equal([{ living, linked: living, aliases: 0 }]);
    expect(living).to.be.greaterThan(before);
    expect(await lossesOf(database.db, await theirEvents(), edits)).to.deep.equal([]);
  });
});

function createRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
