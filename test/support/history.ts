import { claimMappings } from '../../db/claims.ts';
import { findUndelivered } from '../../db/deliveries.ts';
import { isEmailTaken } from '../../db/customers.ts';
import { disableFailpoints } from '../../lib/failpoint.ts';
import type { Claim, SyncPolicy } from '../../lib/sync/step.ts';
import { reconcile } from '../../lib/sync/reconcile.ts';
import { receiveOutbound } from '../../lib/sync/receive.ts';
import type { FaultRule } from '../../simulator/faults.ts';
import { lossesOf, type Edit } from './losses.ts';
import { expectAgreement } from './invariants.ts';
import { expireLeases } from './sync-rows.ts';
import { createWorld, emptyTables, type SyncWorld } from './sync.ts';
import type { Db } from '../../db/connection.ts';
import type { FieldRule } from '../../lib/integrations/integration.ts';
import { createInward, withRules, type Inward } from './two-way.ts';
import { enablePauses, startWorker, type Worker } from './workers.ts';

export interface HistoryOptions {
  seed: number;
  actions?: number;
  policy?: Partial<SyncPolicy>;
  rules?: Partial<FieldRule>;
  /** People give a customer an email that another one has. */
  sharedEmails?: boolean;
  deletes?: boolean;
  /** People leave fields empty, edit what nobody maps, and copy marks by hand. */
  oddities?: boolean;
  /** Failures are kept under the keys of creates too, and time jumps past the life of keys. */
  longTimes?: boolean;
  trace?: (line: string) => void;
}

/** Given as SEED to see a history again; another at every run if not. */
export function firstSeed(): number {
  return Number(process.env['SEED'] ?? Date.now() % 1_000_000);
}

const MINUTE = 60_000;
const JUMPS = [1_000, 5_000, MINUTE, 6 * MINUTE, 60 * MINUTE];
const LONG_JUMPS = [MINUTE, 6 * MINUTE, 22.98 * 60 * MINUTE, 25 * 60 * MINUTE];
const DAY = 24 * 60 * MINUTE;

/** One random history, and what is wrong at its end. */
export async function runHistory(db: Db, options: HistoryOptions): Promise<string[]> {
  await emptyTables(db);
  const world = await createWorld(db, { policy: options.policy ?? {} });
  if (options.rules) Object.assign(world.deps, { integration: withRules(world.integration, options.rules) });
  try {
    await world.lane.runOnce();
    const history = createHistory(world, createInward(world), options);
    enablePauses();
    for (let n = 0; n < (options.actions ?? 70); n++) await history.act();
    await history.end();
    return [
      ...(await agreementBroken(world)),
      ...(await lossesOf(db, world.simulator.events(), history.edits)),
    ];
  } catch (error) {
    return [`broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
  } finally {
    disableFailpoints();
    world.simulator.faults.release();
    await world.simulator.close();
  }
}

async function agreementBroken(world: SyncWorld): Promise<string[]> {
  try {
    await expectAgreement(world);
    return [];
  } catch (error) {
    return (error as { actual?: string[] }).actual ?? [String(error)];
  }
}

function createHistory(world: SyncWorld, inward: Inward, options: HistoryOptions) {
  const { simulator, db, clock, deps } = world;
  const { random, chance, pick, shuffle } = createChances(options.seed);
  const edits: Edit[] = [];
  const sleepers: Worker[] = [];
  const workers: (Worker | null)[] = [null, null];
  const claims: Claim[] = [];
  let counter = 0;
  let jumped = 0;
  const say = options.trace ?? (() => undefined);
  const { dashboard } = simulator;

  const next = (prefix: string): string => `${prefix}${++counter}`;
  const newEmail = (prefix: string): string => `${next(prefix)}@x.test`;
  const anyEmail = (prefix: string): string => {
    if (!options.sharedEmails || !chance(0.4)) return newEmail(prefix);
    return pick(simulator.customers())?.email ?? newEmail(prefix);
  };
  const note = (edit: Omit<Edit, 'at'>): void => {
    counter += 1;
    edits.push({ ...edit, at: counter });
    say(`${edit.side} ${edit.id} ${edit.field} = ${edit.value ?? 'nothing'}`);
  };
  const noteAll = (side: Edit['side'], id: Edit['id'], values: { name?: string; email?: string }): void => {
    for (const [field, value] of Object.entries(values)) note({ side, id, field, value });
  };

  async function editOurs(): Promise<void> {
    const { rows } = await db.raw<{ rows: { id: number }[] }>(
      `select id from customers where deleted_at is null order by id`,
    );
    const row = pick(rows);
    if (!row || (rows.length < 3 && chance(0.3))) {
      const values = { name: next('O'), email: newEmail('o') };
      noteAll('ours', (await world.create(values)).id, values);
      return;
    }
    const values = chance(0.5) ? { name: next('O') } : { email: anyEmail('o') };
    try {
      await world.update(row.id, values);
      noteAll('ours', row.id, values);
    } catch (error) {
      if (!isEmailTaken(error) && !String(error).includes('hit no row')) throw error;
    }
  }

  function editTheirs(): void {
    const customer = pick(simulator.customers());
    if (!customer || (simulator.customers().length < 3 && chance(0.3))) {
      const values = { name: next('T'), email: anyEmail('t') };
      if (options.oddities && chance(0.3)) return makeOdd(values.email, customer);
      noteAll('theirs', dashboard.createCustomer(values).id, values);
      return;
    }
    if (options.oddities && chance(0.2)) return editOddly(customer);
    const values = chance(0.5) ? { name: next('T') } : { email: anyEmail('t') };
    if (values.email === customer.email) return; // saves what stood there: no edit
    dashboard.updateCustomer(customer.id, values);
    noteAll('theirs', customer.id, values);
  }

  function makeOdd(email: string, other: { metadata: Record<string, string> } | undefined): void {
    const without = pick([{ email }, { name: next('T') }, { individual_name: next('I'), email }]) ?? {};
    const copied = other && chance(0.4) ? { metadata: { ...other.metadata } } : {};
    const { id } = dashboard.createCustomer({ ...without, ...copied });
    say(`theirs ${id} made oddly`);
    if ('email' in without) note({ side: 'theirs', id, field: 'email', value: email });
  }

  function editOddly({ id, name, email }: { id: string; name: string | null; email: string | null }): void {
    const change = pick([{ name: null }, { email: null }, { description: next('D') }, { phone: '1' }]) ?? {};
    if (('name' in change && name === null) || ('email' in change && email === null)) return;
    dashboard.updateCustomer(id, change);
    for (const field of ['name', 'email'])
      if (field in change) note({ side: 'theirs', id, field, value: null });
  }

  async function removeOne(): Promise<void> {
    if (chance(0.5)) {
      const customer = pick(simulator.customers());
      if (!customer) return;
      dashboard.deleteCustomer(customer.id);
      note({ side: 'theirs', id: customer.id, field: 'deleted', value: 'deleted' });
      return;
    }
    const { rows } = await db.raw<{ rows: { id: number }[] }>(
      `select id from customers where deleted_at is null order by id`,
    );
    const row = pick(rows);
    if (!row) return;
    await world.remove(row.id);
    note({ side: 'ours', id: row.id, field: 'deleted', value: 'deleted' });
  }

  async function receiveSome(): Promise<void> {
    const { system, document } = deps.integration;
    const all = await findUndelivered(db, { system, after: 0, upTo: 2 ** 52, limit: 1_000 });
    const some = shuffle(all).slice(0, 1 + Math.floor(random() * 3));
    const target = { system, externalType: document.externalType };
    await receiveOutbound({ db, clock, wake: () => undefined }, target, [...some, ...some]);
  }

  async function webhook(): Promise<void> {
    const event = chance(0.7) ? pick(inward.undelivered()) : pick(simulator.events());
    if (!event) return;
    const thin = chance(0.15);
    say(
      `webhook ${event.type} of ${event.data.object.id} ${event.request.idempotency_key === null ? '' : 'echo'}`,
    );
    await inward.deliver(chance(0.2) ? [event, event] : [event], { thin });
  }

  function misfortune(): void {
    const update: Pick<FaultRule, 'method' | 'path'> = { method: 'POST', path: '/v1/customers/:id' };
    const any: Pick<FaultRule, 'method' | 'path'> = { method: 'POST', path: '/v1/customers*' };
    const kept = options.longTimes ? { method: 'POST' } : update;
    const rule = pick<FaultRule>([
      { kind: 'drop_answer', method: 'POST', times: 2 },
      { kind: 'reset', method: 'POST', times: 2 },
      { kind: 'rate_limit', times: 1 },
      { kind: 'error_before_effect', ...any, stored: false, times: 1 },
      { kind: 'error_after_effect', ...kept, times: 1 },
      { kind: 'error_before_effect', ...kept, times: 1 },
      { kind: 'drop_answer', method: 'DELETE', times: 2 },
    ]);
    if (!rule) return;
    say(`fault ${rule.kind} ${rule.method ?? ''}`);
    simulator.faults.clear();
    simulator.faults.add(rule);
  }

  async function stepWorker(index: number): Promise<void> {
    const worker = (workers[index] ??= await take(index));
    if (!worker) return;
    await worker.step();
    say(`  worker ${index}: ${worker.done ? 'done' : worker.at}`);
    if (worker.done) workers[index] = null;
  }

  async function take(index: number): Promise<Worker | null> {
    const [claim] = await claimMappings(db, {
      system: deps.integration.system,
      account: simulator.keys.defaultAccount(),
      owner: `worker ${index}`,
      now: clock.now(),
      leaseMs: 60_000,
      limit: 1,
    });
    if (!claim) return null;
    say(`  worker ${index}: takes mapping ${claim.id}`);
    const taken = { ...claim, deadline: performance.now() + 60_000 };
    claims.push(taken);
    return startWorker(() => reconcile(deps, taken));
  }

  /** Every lease is over; a worker may not know it yet, or be dead. */
  async function loseLeases(): Promise<void> {
    await expireLeases(db);
    const index = Math.floor(random() * 2);
    const worker = workers[index];
    if (!worker) return;
    workers[index] = null;
    say(`  worker ${index} ${chance(0.5) ? 'dies' : 'sleeps'} at ${worker.at}`);
    if (chance(0.5)) sleepers.push(worker);
  }

  function jump(): void {
    const ms = pick(options.longTimes ? LONG_JUMPS : JUMPS) ?? 0;
    if (jumped + ms > (options.longTimes ? 20 * DAY : 22 * 60 * MINUTE)) return;
    jumped += ms;
    world.advance(ms);
    // No request is sent that much later: whoever slept through it finds its time over, by a clock that no jump moves.
    if (options.longTimes && ms >= 5 * MINUTE) for (const claim of claims) claim.deadline = 0;
  }

  return {
    edits,
    async act(): Promise<void> {
      const x = random();
      if (x < 0.08) await editOurs();
      else if (x < 0.16) editTheirs();
      else if (x < 0.18 && options.deletes !== false) await removeOne();
      else if (x < 0.28) await receiveSome();
      else if (x < 0.38) await webhook();
      else if (x < 0.46) await inward.hear((all) => shuffle(all).slice(0, 2));
      else if (x < 0.49) misfortune();
      else if (x < 0.53) jump();
      else if (x < 0.56) await loseLeases();
      else if (x < 0.58) await pick(sleepers)?.step();
      else await stepWorker(Math.floor(random() * 2));
    },
    async end(): Promise<void> {
      say('quiet');
      simulator.faults.clear();
      for (const worker of [...workers, ...sleepers])
        for (let n = 0; worker && !worker.done && n < 200; n++) await worker.step();
      await expireLeases(db);
      // The lane has the rules of the world it was made in.
      await inward.rest(world.worker({ integration: deps.integration }));
    },
  };
}

function createChances(seed: number) {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const shuffle = <T>(all: T[]): T[] =>
    all
      .map((value) => ({ value, order: random() }))
      .sort((a, b) => a.order - b.order)
      .map(({ value }) => value);
  return { random, pick, shuffle, chance: (p: number) => random() < p };
}
