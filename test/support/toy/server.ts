// A second system, for tests of two side by side: people with a full name and a mail address, over
// HTTP. It keeps what it was asked by key, lists its events, and can be made to hang. With `archives` a
// deleted person is archived and can be restored.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export type ToyPerson = {
  id: string;
  full_name: string | null;
  mail: string | null;
  tag: string | null;
  made: string;
};
export type ToyEvent = {
  id: string;
  kind: 'created' | 'updated' | 'deleted';
  at: string;
  key: string | null;
  person: ToyPerson;
  before: { full_name: string | null; mail: string | null } | null;
};
export type ToyWrite = { key: string; fields: Record<string, unknown>; tag: string | null };

export interface ToyServer {
  readonly url: string;
  people(): ToyPerson[];
  events(): ToyEvent[];
  /** How many requests came in, of whatever kind. */
  calls(): number;
  /** A person edits a record there. */
  edit(id: string, values: Partial<Pick<ToyPerson, 'full_name' | 'mail'>>): ToyEvent;
  /** A person deletes a record there. */
  remove(id: string): ToyEvent;
  /** A person takes a deleted record back; only with `archives`. */
  restore(id: string): ToyEvent;
  /** From now on no request is answered; `release` answers all of them. */
  hang(): void;
  release(): void;
  /** How many requests wait for an answer. */
  waiting(): number;
  close(): Promise<void>;
}

type Answer = { status: number; body: unknown };

export async function startToy(
  now: () => Date = () => new Date(),
  { archives = false }: { archives?: boolean } = {},
): Promise<ToyServer> {
  const people = new Map<string, ToyPerson>();
  const erased = new Map<string, ToyPerson>();
  const events: ToyEvent[] = [];
  const answers = new Map<string, Answer>();
  let held: (() => void)[] | null = null;
  let calls = 0;
  let serial = 0;

  function note(kind: ToyEvent['kind'], person: ToyPerson, key: string | null, before: ToyEvent['before']) {
    serial += 1;
    const event = { id: `ev_${serial}`, kind, at: now().toISOString(), key, person: { ...person }, before };
    events.push(event);
    return event;
  }

  function change(person: ToyPerson, values: Record<string, unknown>, key: string | null): ToyEvent {
    const { full_name: fullName, mail } = person;
    Object.assign(person, values);
    return note('updated', person, key, { full_name: fullName, mail });
  }

  function remove(person: ToyPerson): ToyEvent {
    people.delete(person.id);
    erased.set(person.id, person);
    return note('deleted', person, null, null);
  }

  function restore(id: string): ToyEvent {
    const person = erased.get(id);
    if (!person || !archives) throw new Error(`the toy cannot restore ${id}`);
    erased.delete(id);
    people.set(id, person);
    return note('updated', person, null, null);
  }

  function create({ key, fields, tag }: ToyWrite): Answer {
    serial += 1;
    const made = now().toISOString();
    const person: ToyPerson = { id: `toy_${serial}`, full_name: null, mail: null, tag, made, ...fields };
    people.set(person.id, person);
    note('created', person, key, null);
    return { status: 200, body: person };
  }

  function must(id: string): ToyPerson {
    const person = people.get(id);
    if (!person) throw new Error(`the toy has no ${id}`);
    return person;
  }

  function ofPerson(method: string, id: string, write: () => ToyWrite): Answer {
    const person = people.get(id);
    if (!person) return { status: erased.has(id) ? 410 : 404, body: {} };
    if (method === 'PATCH') {
      const { key, fields, tag } = write();
      change(person, { ...fields, ...(tag !== null && { tag }) }, key);
    }
    if (method === 'DELETE') remove(person);
    return { status: 200, body: person };
  }

  function answer(method: string, path: string, body: string): Answer {
    const [, room = '', id] = path.split('/');
    const write = (): ToyWrite => JSON.parse(body) as ToyWrite;
    if (room === 'account') return { status: 200, body: { id: 'toy_account' } };
    if (room === 'events') return { status: 200, body: events.toReversed() };
    if (id !== undefined) return ofPerson(method, id, write);
    if (method === 'GET') return { status: 200, body: [...people.values()].toReversed() };
    const { key } = write();
    const known = answers.get(key) ?? create(write());
    answers.set(key, known);
    return known;
  }

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    calls += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    if (held === null) resolve(undefined);
    else held.push(() => resolve(undefined));
    await promise;
    const { status, body } = answer(req.method ?? '', req.url ?? '', Buffer.concat(chunks).toString());
    res.writeHead(status, { 'content-type': 'application/json', date: now().toUTCString() });
    res.end(JSON.stringify(body));
  }

  const server = createServer((req, res) => void serve(req, res).catch(() => res.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const release = (): void => {
    for (const go of held ?? []) go();
    held = null;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    people: () => [...people.values()],
    events: () => [...events],
    calls: () => calls,
    edit: (id, values) => change(must(id), values, null),
    remove: (id) => remove(must(id)),
    restore,
    hang: () => void (held ??= []),
    release,
    waiting: () => held?.length ?? 0,
    async close() {
      release();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
