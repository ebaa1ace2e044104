// People on both sides who create, edit and delete customers while parts of the deployment are
// killed.
import { Stripe } from 'stripe';
import type { Edit, ReportedEvent } from '../support/losses.ts';
import { waitUntil } from '../support/signal.ts';
import type { Deployment } from './deployment.ts';

type Row = { id: number; name: string; email: string; external_mappings: { stripe?: string } };
type Known = { id: number; externalId: string };

export type People = {
  /**
   * Creates this number of customers, with edits and deletes, by this number of people at a time.
   */
  work(customers: number, hands: number): Promise<void>;
  /** The number of customers begun so far. */
  begun(): number;
  /** Seconds until a customer that is created now is at Stripe. */
  probe(): Promise<number>;
  edits: Edit[];
  reported(): Promise<ReportedEvent[]>;
  counts: Record<string, number>;
};

/** A dead process does not answer; it is back within this time, unless another one is given. */
const PATIENCE_MS = 120_000;

/** What they need to know of what they work on. */
type Workplace = { apis: Deployment['apis']; simulator: Pick<Deployment['simulator'], 'url'> };

export function createPeople({ apis, simulator }: Workplace, seed: number, patienceMs = PATIENCE_MS): People {
  const random = createRandom(seed);
  const { hostname: host, port } = new URL(simulator.url);
  const stripe = new Stripe('sk_test_twinbox_fake', { host, port, protocol: 'http', maxNetworkRetries: 3 });
  const edits: Edit[] = [];
  const counts: Record<string, number> = { made_here: 0, made_there: 0, edited: 0, deleted: 0, retried: 0 };
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);
  let begun = 0;
  let moment = 0;
  let next = 0;

  /**
   * Tries one api after the other until one answers, as a balancer would. `known` lists what a
   * repeat may also answer.
   */
  async function ask<T>(
    method: string,
    path: string,
    body?: object,
    known: number[] = [],
  ): Promise<T | null> {
    return await waitUntil(
      async () => {
        const api = apis[next++ % apis.length] ?? '';
        try {
          const answer = await fetch(`${api}/api/v1${path}`, {
            method,
            headers: { 'content-type': 'application/json' },
            ...(body ? { body: JSON.stringify(body) } : {}),
            signal: AbortSignal.timeout(10_000),
          });
          const text = await answer.text();
          if (answer.ok) return { value: text === '' ? null : (JSON.parse(text) as T) };
          if (known.includes(answer.status)) return { value: null };
          if (answer.status < 500 && answer.status !== 408) throw new Refused(`${method} ${path}: ${text}`);
        } catch (error) {
          if (error instanceof Refused) throw error;
        }
        count('retried');
        return undefined;
      },
      { timeoutMs: patienceMs, everyMs: 50, what: `${method} ${path}` },
    ).then(({ value }) => value);
  }

  async function makeHere(email: string): Promise<void> {
    // A request that was interrupted and sent again may find the customer already created.
    await ask('POST', '/customers', { name: `Here ${email}`, email }, [409]);
    count('made_here');
  }

  async function makeThere(email: string): Promise<void> {
    await stripe.customers.create({ name: `There ${email}`, email });
    count('made_there');
  }

  async function find(email: string): Promise<Known | null> {
    const rows = await ask<Row[]>('GET', `/customers?email=${encodeURIComponent(email)}`);
    const [row] = rows ?? [];
    return row?.external_mappings.stripe === undefined
      ? null
      : { id: row.id, externalId: row.external_mappings.stripe };
  }

  async function edit({ id, externalId }: Known, n: number): Promise<void> {
    const side = random() < 0.5 ? 'ours' : 'theirs';
    const value = `${side} ${n} ${++moment}`;
    edits.push({ side, id: side === 'ours' ? id : externalId, field: 'name', value, at: moment });
    if (side === 'ours') await ask('PATCH', `/customers/${id}`, { name: value }, [404]);
    else await stripe.customers.update(externalId, { name: value }).catch(ignoreGone);
    count('edited');
  }

  async function remove({ id, externalId }: Known): Promise<void> {
    if (random() < 0.5) await ask('DELETE', `/customers/${id}`, undefined, [404]);
    else await stripe.customers.del(externalId).catch(ignoreGone);
    count('deleted');
  }

  /**
   * One customer's life: created on one side, known on both, edited a few times on either,
   * sometimes deleted.
   */
  async function live(n: number): Promise<void> {
    const email = `person${n}@example.com`;
    await (random() < 0.75 ? makeHere(email) : makeThere(email));
    const known = await waitUntil(async () => (await find(email)) ?? undefined, {
      timeoutMs: patienceMs,
      everyMs: 100,
      what: `${email} is on both sides`,
    });
    const times = 1 + Math.floor(random() * 3);
    for (let time = 0; time < times; time++) await edit(known, n);
    if (random() < 0.1) await remove(known);
  }

  return {
    edits,
    counts,
    begun: () => begun,
    async work(customers, hands) {
      const hand = async (): Promise<void> => {
        while (begun < customers) await live(++begun);
      };
      await Promise.all(Array.from({ length: hands }, hand));
    },
    async probe() {
      const begin = performance.now();
      const email = `probe${++moment}@example.com`;
      await makeHere(email);
      await waitUntil(async () => (await stripe.customers.list({ email })).data.length > 0, {
        timeoutMs: 120_000,
        everyMs: 50,
        what: `${email} is at Stripe`,
      });
      return (performance.now() - begin) / 1000;
    },
    async reported() {
      const events: ReportedEvent[] = [];
      for await (const event of stripe.events.list({ limit: 100, type: 'customer.*' }))
        events.push(event as ReportedEvent);
      return events.reverse();
    },
  };
}

class Refused extends Error {}

/** Deleted by another person meanwhile. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
}

function createRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
