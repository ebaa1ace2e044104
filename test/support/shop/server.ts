// A system with two kinds of records, for tests of several entities: people, and orders that name a
// person, with an amount, a day, a state and lines. It answers a repeated key with what it answered
// first, lists its events, and takes a value only in the JSON type of its field.
//
// A `strict` one lets an order go from draft to open and on to paid or void, one request for each step,
// and changes amount, currency and lines of a draft alone; lines have a request of their own. People at
// its desk may do what they like.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { AddressInfo } from 'node:net';
import type { Fields, Value } from '../../../lib/catalogue/document.ts';
import { createFaults, type Faults, type FaultRule, type Stage } from '../../../simulator/control/faults.ts';
import { stateOf } from './orders.ts';

export type ShopKind = 'people' | 'orders';
export type ShopRecord = { id: string; kind: ShopKind; fields: Fields; tag: string | null; made: string };
export type ShopEvent = {
  id: string;
  type: 'created' | 'updated' | 'deleted';
  at: string;
  key: string | null;
  record: ShopRecord;
  before: Fields | null;
};
type ShopWrite = { key: string | null; fields: Fields; tag: string | null };
export type Fate = 'done' | 'lost' | 'answer_lost';
export type ShopOptions = {
  strict?: boolean;
  /** Called before each write that comes in by HTTP is carried out; says whether it or its answer is lost. */
  onWrite?: (what: string) => Fate | Promise<Fate>;
};
type Answer = { status: number; body: unknown };

export interface Shop {
  url: string;
  records(kind: ShopKind): ShopRecord[];
  events(): ShopEvent[];
  calls(): string[];
  /** Writes of ours that set what the record had already, oldest first. */
  idle(): string[];
  /** The writes that had an effect, in order: `POST /orders`, `POST /orders/open`. */
  effects(): string[];
  faults: Faults;
  add(kind: ShopKind, fields: Fields): ShopRecord;
  edit(id: string, fields: Fields): void;
  remove(id: string): void;
  close(): Promise<void>;
}

export async function startShop(
  now: () => Date,
  { strict = false, onWrite = (): Fate => 'done' }: ShopOptions = {},
): Promise<Shop> {
  const records = new Map<string, ShopRecord>();
  const gone = new Set<string>();
  const events: ShopEvent[] = [];
  const answers = new Map<string, Answer>();
  const calls: string[] = [];
  const idle: string[] = [];
  const effects: string[] = [];
  const faults = createFaults();
  let serial = 0;

  function note(
    type: ShopEvent['type'],
    record: ShopRecord,
    key: string | null,
    before: Fields | null,
  ): void {
    serial += 1;
    const at = now().toISOString();
    events.push({ id: `event_${serial}`, type, at, key, record: structuredClone(record), before });
  }
  function add(kind: ShopKind, { key, fields, tag }: ShopWrite): ShopRecord {
    serial += 1;
    const record = { id: `${kind}_${serial}`, kind, fields: { ...fields }, tag, made: now().toISOString() };
    records.set(record.id, record);
    note('created', record, key, null);
    return record;
  }
  function change(record: ShopRecord, { key, fields, tag }: ShopWrite): void {
    const before = Object.fromEntries(Object.keys(fields).map((name) => [name, record.fields[name] ?? null]));
    const isIdle = isDeepStrictEqual(fields, before) && (tag === null || tag === record.tag);
    if (isIdle && key !== null) idle.push(`${record.id} ${JSON.stringify(fields)}`);
    Object.assign(record.fields, fields);
    record.tag = tag ?? record.tag;
    note('updated', record, key, before);
  }
  function remove(record: ShopRecord, key: string | null): void {
    records.delete(record.id);
    gone.add(record.id);
    note('deleted', record, key, record.fields);
  }
  function must(id: string): ShopRecord {
    const record = records.get(id);
    if (!record) throw new Error(`the shop has no ${id}`);
    return record;
  }

  function answer(method: string, path: string, write: ShopWrite): Answer {
    if (path === '/account') return { status: 200, body: { id: 'shop_1' } };
    if (path === '/events') return { status: 200, body: events };
    const [, kind = '', id, step] = path.split('/');
    if (kind !== 'people' && kind !== 'orders') return { status: 404, body: {} };
    if (method === 'POST' && id === undefined && strict && forbidsNew(kind, write.fields))
      return { status: 409, body: {} };
    if (id === undefined)
      return method === 'POST'
        ? { status: 200, body: structuredClone(add(kind, write)) }
        : { status: 200, body: [...records.values()].filter((record) => record.kind === kind).toReversed() };
    const record = records.get(id);
    if (!record) return { status: gone.has(id) ? 410 : 404, body: {} };
    if (method !== 'GET' && method !== 'DELETE' && strict && forbids(record, write.fields, step))
      return { status: 409, body: {} };
    if (method === 'PATCH' || method === 'POST') change(record, write);
    if (method === 'DELETE') remove(record, write.key);
    return { status: 200, body: structuredClone(record) };
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = 'GET', url: path = '/' } = request;
    calls.push(`${method} ${path.replace(/_\d+/, '')}`);
    const text = Buffer.concat(chunks).toString();
    const write = {
      key: null,
      fields: {},
      tag: null,
      ...(text === '' ? {} : (JSON.parse(text) as Partial<ShopWrite>)),
    };
    const fate = method === 'GET' ? 'done' : await onWrite(shownAs(method, path));
    if (fate === 'lost') return void response.destroy();
    const said = await respond(method, path, write, () => response.destroy());
    if (said === null || fate === 'answer_lost') return void response.destroy();
    response.writeHead(said.status, { 'content-type': 'application/json', date: now().toUTCString() });
    response.end(JSON.stringify(said.body));
  }

  /** Null: the connection is cut; what was done stays done. */
  async function respond(
    method: string,
    path: string,
    write: ShopWrite,
    hangUp: () => void,
  ): Promise<Answer | null> {
    const about = { method, path, key: write.key, body: '', query: '' };
    const take = async (stage: Stage): Promise<FaultRule[]> => {
      const rules = faults.take(stage, about);
      for (const rule of rules.filter(({ kind }) => kind === 'hang')) await faults.hold(about, rule, hangUp);
      return rules;
    };
    if ((await take('network')).some(({ kind }) => kind === 'reset')) return null;
    if ((await take('limits')).length > 0) return { status: 429, body: {} };
    if ((await take('before')).length > 0) return { status: 500, body: {} };
    const known = write.key === null ? undefined : answers.get(write.key);
    const said = known ?? answer(method, path, write);
    if (method !== 'GET' && !known && said.status === 200) effects.push(shownAs(method, path));
    if (write.key !== null) answers.set(write.key, said);
    const isBroken = (await take('effect')).length > 0;
    if ((await take('after')).some(({ kind }) => kind === 'drop_answer')) return null;
    return isBroken ? { status: 500, body: {} } : said;
  }

  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const byHand = (fields: Fields): ShopWrite => ({ key: null, fields, tag: null });
  return {
    url: `http://127.0.0.1:${port}`,
    records: (kind) => [...records.values()].filter((record) => record.kind === kind),
    events: () => [...events],
    calls: () => [...calls],
    idle: () => [...idle],
    effects: () => [...effects],
    faults,
    add: (kind, fields) => add(kind, byHand(fields)),
    edit: (id, fields) => change(must(id), byHand(fields)),
    remove: (id) => remove(must(id), null),
    async close() {
      faults.release();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function shownAs(method: string, path: string): string {
  return `${method} ${path.replace(/\/\w+_\d+/, '')}`;
}

const NEXT_STATES: Record<string, readonly Value[]> = { draft: ['open'], open: ['paid', 'void'] };
const OF_A_DRAFT = ['amount', 'currency', 'lines'];

function isDraft(state: Value | undefined): boolean {
  return state === undefined || state === null || state === 'draft';
}

/** A new order is a draft, and has no lines yet. */
function forbidsNew(kind: ShopKind, fields: Fields): boolean {
  return kind === 'orders' && (!isDraft(fields['state']) || (fields['lines'] ?? null) !== null);
}

/** `step`: the request is `lines`, or a step to this state; else it changes plain fields. */
function forbids({ kind, fields: now }: ShopRecord, fields: Fields, step: string | undefined): boolean {
  if (kind !== 'orders') return false;
  const names = Object.keys(fields);
  if (!isDraft(now['state']) && names.some((name) => OF_A_DRAFT.includes(name))) return true;
  if (step === 'lines') return names.join() !== 'lines';
  if (names.includes('lines')) return true;
  const [from, to] = [stateOf(now), fields['state']];
  if (step !== undefined)
    return names.join() !== 'state' || to !== step || NEXT_STATES[from]?.includes(step) !== true;
  return names.includes('state') && !(isDraft(from) && isDraft(to));
}
