// Toy's double seen as the random histories see the Stripe simulator, so that the same histories run
// against a system with other names, other requests and no second copy of a call. Whatever it does not
// have throws when it is used.
import type { FaultRule } from '../../../simulator/control/faults.ts';
import type { Simulator } from '../../../simulator/simulator.ts';
import type { Call } from './double/calls.ts';
import type { Person, ToyEvent, Values } from './double/people.ts';
import { ACCOUNT, type ToyServer } from './double/server.ts';

type Given = { name?: string | null; email?: string | null; metadata?: Record<string, string> };

export function asSimulator(toy: ToyServer): Simulator {
  const entries = (filter: { method?: string; after?: number } = {}) =>
    toy.calls
      .all()
      .map(entryOf)
      .filter(({ method, seq }) => (filter.method ?? method) === method && seq > (filter.after ?? 0));
  const view = {
    url: toy.url,
    customers: () => toy.people().map(customerOf),
    events: () => toy.events().map(eventOf),
    dashboard: {
      createCustomer: (values: Given) => customerOf(toy.add(valuesOf(values))),
      updateCustomer(id: string, values: Given): void {
        if (Object.keys(valuesOf(values)).length > 0) toy.edit(id, valuesOf(values));
      },
      deleteCustomer: (id: string) => toy.remove(id),
    },
    faults: { ...toy.faults, add: (rule: FaultRule) => rulesOf(rule).map((one) => toy.faults.add(one)) },
    ledger: {
      entries,
      waitFor: (filter: { after?: number }) =>
        toy.calls.waitUntil((calls) => calls.length > (filter.after ?? 0)),
      effects: () => ({ repeated: repeatedIn(toy.calls.all()) }),
    },
    keys: { defaultAccount: () => ACCOUNT },
    close: () => toy.close(),
    /** As the double sends it: a history may have given it another id. */
    wire({ id }: { id: string }) {
      const known = toy.events().find((event) => id === event.id || id.startsWith(`${event.id}twin`));
      return { events: [{ ...known, id }] };
    },
  };
  return new Proxy(view, {
    get(target, name): unknown {
      if (name in target || typeof name === 'symbol' || name === 'then') return Reflect.get(target, name);
      throw new Error(`Toy's double has nothing like the simulator's ${name}`);
    },
  }) as unknown as Simulator;
}

function customerOf({ id, full_name: name, mail, tag }: Person) {
  return {
    ...{ id, name, email: mail },
    // By the names of the mapping document as well.
    ...{ full_name: name, mail },
    metadata: tag === null ? {} : { tag: tag.slice(tag.indexOf(':') + 1), whole: tag },
  };
}

function eventOf({ id, type, key, person }: ToyEvent) {
  return {
    id,
    type: type.replace('person', 'customer'),
    data: { object: customerOf(person) },
    request: { id: null, idempotency_key: key },
  };
}

function valuesOf({ name, email, metadata }: Given): Values {
  return {
    ...(name !== undefined && { full_name: name }),
    ...(email !== undefined && { mail: email }),
    ...(metadata?.['whole'] !== undefined && { tag: metadata['whole'] }),
  };
}

/** Stripe updates by POST, Toy by PATCH. */
const asPost = (method: string): string => (method === 'PATCH' ? 'POST' : method);

function entryOf({ method, path, key, status, effect }: Call, at: number) {
  return { seq: at + 1, source: 'api', method: asPost(method), path, idempotency_key: key, status, effect };
}

function repeatedIn(calls: Call[]): { idempotency_key: string; effects: number }[] {
  const withEffect = calls.filter(({ effect, key }) => effect && key !== null);
  return [...Map.groupBy(withEffect, ({ key }) => key ?? '')]
    .filter(([, some]) => some.length > 1)
    .map(([key, some]) => ({ idempotency_key: key, effects: some.length }));
}

const PATHS: Record<string, string> = {
  '/v1/customers': '/people',
  '/v1/customers/:id': '/people/:id',
  '/v1/events': '/events',
};

/** A rule about POST is about creates and updates, which are two methods here. */
function rulesOf({ path, contains, method, ...rule }: FaultRule): FaultRule[] {
  const methods =
    method !== 'POST'
      ? [method]
      : path === undefined
        ? ['POST', 'PATCH']
        : [path.endsWith(':id') ? 'PATCH' : 'POST'];
  return methods.map((one) => ({
    ...rule,
    ...(one !== undefined && { method: one }),
    ...(path !== undefined && { path: PATHS[path] ?? path }),
    ...(contains !== undefined && { contains: contains.replace('name=', '"full_name":"') }),
  }));
}
