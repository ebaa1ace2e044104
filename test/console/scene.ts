// A system as a person on call finds it, made over HTTP alone: customers that agree, three that Stripe refuses,
// an edit in the dashboard, and a name that was changed on both sides while the lanes were paused.
import { call, noLimits } from '../cli/twinbox.ts';
import { waitUntil } from '../support/signal.ts';

export type System = { api: string; simulator: string };
export type Customer = { id: number; version: number; sync: Record<string, { state: string }> };
export type Conflict = { id: string; customer: number };
export type Group = { fingerprint: string; count: number };

export const PEOPLE = [
  ['Ada Lovelace', 'ada@example.com'],
  ['Grace Hopper', 'grace@example.com'],
  ['Mary Jackson', 'mary@example.com'],
  ['Emmy Noether', 'emmy@example.com'],
  ['Chien-Shiung Wu', 'wu@example.com'],
  ['Katherine Johnson', 'katherine@example.com'],
] as const;

/** A name of right-to-left marks, and one that would run as a program. */
export const HOSTILE_NAMES = [`x${'\u200f'.repeat(255)}`, '<img src=x onerror="document.title=1">'] as const;

const REFUSED = [
  ['Hedy Lamarr', 'hedy@example.com'],
  ['Joan Clarke', 'joan@example.com'],
  ['Radia Perlman', 'radia@example.com'],
] as const;

export const at = (api: string) => `${api}/api/v1`;

export function create(
  { api }: Pick<System, 'api'>,
  [name, email]: readonly [string, string],
): Promise<Customer> {
  return call('POST', `${at(api)}/customers`, { name, email });
}

/** Until every one of them is in this state at Stripe. */
export async function settled({ api }: System, ids: readonly number[], state = 'linked'): Promise<void> {
  for (const id of ids)
    await waitUntil(
      async () => {
        const { sync } = await call<Customer>('GET', `${at(api)}/customers/${id}`);
        return Object.values(sync).some((each) => each.state === state);
      },
      { timeoutMs: 20_000, what: `customer ${id} is ${state}` },
    );
}

/** Stripe says `email_invalid` to every new customer; the answer ends it. */
export async function refuseCreates({ simulator }: System): Promise<() => Promise<unknown>> {
  await call('POST', `${simulator}/_sim/faults`, {
    ...{ kind: 'error_before_effect', method: 'POST', path: '/v1/customers', status: 400 },
    ...{ code: 'email_invalid', stored: false, times: null },
  });
  return () => call('DELETE', `${simulator}/_sim/faults`);
}

export type Scene = {
  /** Of our table: those that agree, and those that Stripe refused. */
  people: number[];
  stuck: number[];
  conflict: Conflict;
  group: Group;
};

/** The refusals end before this returns: a replay then works. */
export async function makeScene(system: System): Promise<Scene> {
  await noLimits(system);
  const people = await createAll(system, PEOPLE);
  await settled(system, people);
  const end = await refuseCreates(system);
  const stuck = await createAll(system, REFUSED);
  await settled(system, stuck, 'parked');
  await end();
  const { api } = system;
  await call('PATCH', `${at(api)}/customers/${people[0]}`, { email: 'ada.lovelace@example.com' });
  const conflict = await makeConflict(system, people[1] ?? 0);
  await settled(system, people);
  const [group] = await call<Group[]>('GET', `${at(api)}/groups`);
  if (!group) throw new Error('no group');
  return { people, stuck, conflict, group };
}

async function createAll(system: System, people: readonly (readonly [string, string])[]): Promise<number[]> {
  const made: number[] = [];
  for (const person of people) made.push((await create(system, person)).id);
  return made;
}

/** The name is changed on both sides while neither side hears of the other; with it goes a look-alike. */
export async function makeConflict(system: System, id: number): Promise<Conflict> {
  const { api, simulator } = system;
  const lane = (verb: string) =>
    call('POST', `${at(api)}/lanes/stripe/${verb}`, { reason: 'prices are moved over' });
  const { external_mappings: records } = await call<{ external_mappings: Record<string, string> }>(
    ...(['GET', `${at(api)}/customers/${id}`] as const),
  );
  await lane('pause');
  await call('PATCH', `${at(api)}/customers/${id}`, { name: 'Grace Brewster Hopper' });
  await call('POST', `${simulator}/_sim/dashboard/customers/${records['stripe']}`, {
    name: 'Grace Brewster\u00a0Нopper',
  });
  await lane('resume');
  let found: Conflict | undefined;
  await waitUntil(
    async () => {
      [found] = await call<Conflict[]>('GET', `${at(api)}/conflicts?customer=${id}`);
      return found !== undefined;
    },
    { timeoutMs: 20_000, what: 'both edits meet' },
  );
  if (!found) throw new Error('no conflict');
  return found;
}
