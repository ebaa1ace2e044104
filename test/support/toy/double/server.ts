// Toy's double over HTTP: what a test needs of the vendor, with a movable clock and with faults. It
// answers as Toy's documentation says, and counts what it was asked.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createFaults,
  type Faults,
  type FaultRule,
  type Stage,
} from '../../../../simulator/control/faults.ts';
import { capabilities } from '../system/capabilities.ts';
import { createCalls, type Calls } from './calls.ts';
import { changesBehind } from './changes.ts';
import { answer, idIn, PAGE, pageOf, readRequest, refuse, type Reply, type Request } from './http.ts';
import { createKeys } from './keys.ts';
import {
  BY_HAND,
  createPeople,
  isRefusal,
  type Outcome,
  type Person,
  type Promised,
  type ToyEvent,
  type Values,
} from './people.ts';
import { createQuota, type Quota } from './quota.ts';
import { createSender, type Sender } from './sender.ts';
import { A_DAY, createTokens, type TokenOptions, type Tokens } from './tokens.ts';

export { CLIENT_SECRET, TOKEN } from './tokens.ts';
export const ACCOUNT = 'toy_account';

export interface ToyServer extends Sender {
  readonly url: string;
  /** Those that are not deleted, newest first. */
  people(): Person[];
  /** All that ever happened, oldest first. */
  events(): ToyEvent[];
  /** By the hands of people there. */
  add(values: Values): Person;
  edit(id: string, values: Values): Person;
  remove(id: string): void;
  /** Takes a deleted person back, where a delete is an archive. */
  restore(id: string): Person;
  /** Makes two people one: the first one is gone, and its id leads to the other. Returns the other. */
  merge(id: string, into: string): Person;
  /** From now on two people cannot have one mail; a refusal names the one who has it. */
  takeEachMailOnce(): void;
  /** From now on each call uses up a part of this, and each answer says what is left. */
  limitTo(quota: Quota): void;
  readonly calls: Calls;
  readonly faults: Faults;
  /** Those that change. */
  readonly tokens: Tokens;
  /** From now on no request is answered; `release` answers all of them. */
  hang(): void;
  release(): void;
  /** How many requests wait for an answer. */
  waiting(): number;
  useUpQuota(until: Date | null): void;
  time(): number;
  advance(ms: number): void;
  close(): Promise<void>;
}

export type ToyOptions = {
  promised?: Promised;
  now?: () => number;
  port?: number;
  tokens?: Partial<TokenOptions>;
};

export async function startToy({
  promised = capabilities,
  now = Date.now,
  port = 0,
  tokens: tokenOptions = {},
}: ToyOptions = {}): Promise<ToyServer> {
  let ahead = 0;
  let quotaUntil: Date | null = null;
  const time = (): number => now() + ahead;
  const settings = { uniqueMails: false };
  const people = createPeople(promised, time, settings);
  const quota = createQuota(time);
  const keys = createKeys(promised, time);
  const faults = createFaults();
  const calls = createCalls();
  const sender = createSender(people, time);
  const tokens = createTokens({ ...A_DAY, ...tokenOptions }, time);

  /** What is said before anything is looked at. */
  function judge(token: string | undefined): Reply | null {
    if (!tokens.takes(token?.replace('Bearer ', '') ?? '')) return refuse(401, 'unauthorized');
    const until = quotaUntil !== null && quotaUntil.getTime() > time() ? quotaUntil : quota.take();
    if (until === null) return null;
    const seconds = Math.ceil((until.getTime() - time()) / 1_000);
    return { ...refuse(429, 'quota_used_up'), headers: { 'retry-after': String(seconds) } };
  }

  const slowDown = (take: (stage: Stage) => FaultRule[]): Reply | null =>
    take('limits').length > 0 ? refuse(429, 'slow_down') : null;

  function read({ path, query }: Request): Reply {
    const window = { from: query.get('from'), to: query.get('to') };
    if (path === '/account') return { status: 200, body: { kind: 'account', id: ACCOUNT } };
    if (path === '/events') return pageOf(people.listedEvents(window), query);
    if (path === '/changes') return changes(query);
    if (path === '/people')
      return pageOf(people.list(window, { tag: query.get('tag'), mail: query.get('mail') }), query);
    return answer(people.get(idIn(path)));
  }

  function changes(query: URLSearchParams): Reply {
    const asked = { cursor: query.get('cursor'), limit: PAGE, now: time() };
    const found = changesBehind(people.events(), asked);
    return 'status' in found ? refuse(found.status, found.code) : { status: 200, body: found };
  }

  function write({ method, path, version, text, ...request }: Request): Reply {
    // Only a system with keys names them in its events.
    const key = keys.areUsed ? request.key : null;
    if (path === '/token') return renew(JSON.parse(text) as Record<string, unknown>);
    const values = (text === '' ? {} : JSON.parse(text)) as Values;
    if (method === 'POST') return answer(people.create(values, key));
    if (method === 'PATCH') return answer(people.update(idIn(path), values, { key, version }));
    if (promised.deletes === 'none') return refuse(405, 'no_deletes');
    return answer(people.remove(idIn(path), { key, version }));
  }

  function renew(asked: Record<string, unknown>): Reply {
    const renewed = tokens.renew(asked);
    return typeof renewed === 'string' ? refuse(400, renewed) : { status: 200, body: renewed };
  }

  /** Null: the connection is cut, and whatever was done stays done. */
  async function serve(
    request: Request,
    token: string | undefined,
    hangUp: () => void,
  ): Promise<Reply | null> {
    const take = (stage: Stage): FaultRule[] =>
      faults.take(stage, { ...request, body: request.text, query: '' });
    const pause = async (rules: FaultRule[]): Promise<void> => {
      for (const rule of rules.filter(({ kind }) => kind === 'hang'))
        await faults.hold({ ...request, body: request.text, query: '' }, rule, hangUp);
    };
    const arrival = take('network');
    if (arrival.some(({ kind }) => kind === 'reset')) return null;
    await pause(arrival);
    const early = request.path === '/token' ? null : (judge(token) ?? slowDown(take));
    if (early) return early;
    const reply = request.method === 'GET' ? readOrFail(request, take) : writeOnce(request, take);
    const late = take('after');
    await pause(late);
    return late.some(({ kind }) => kind === 'drop_answer') ? null : reply;
  }

  function readOrFail(request: Request, take: (stage: Stage) => FaultRule[]): Reply {
    const [planned] = take('before');
    return planned ? failureOf(planned).reply : read(request);
  }

  function writeOnce(request: Request, take: (stage: Stage) => FaultRule[]): Reply {
    const known = keys.find(request);
    if (known) return known;
    const [planned] = take('before');
    if (planned) {
      const { reply, isKept } = failureOf(planned);
      return isKept ? keys.keep(request, reply) : reply;
    }
    const reply = write(request);
    request.effect = reply.status === 200 && request.path !== '/token';
    const [late] = reply.status === 200 ? take('effect') : [];
    return keys.keep(request, late ? failureOf(late).reply : reply);
  }

  /** A failure is kept under the key only where there are keys. */
  function failureOf({ status = 500, stored = true }: FaultRule): { reply: Reply; isKept: boolean } {
    if (status === 404) return { reply: refuse(404, 'not_found'), isKept: false };
    if (status < 500) return { reply: refuse(422, 'invalid', 'full_name'), isKept: false };
    const isKept = stored && keys.areUsed;
    return { reply: refuse(500, isKept ? 'failed_kept' : 'broken'), isKept };
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    calls.begin();
    await released();
    const reply = await serve(request, incoming.headers.authorization, () => response.destroy());
    calls.end({ ...request, status: reply?.status ?? null });
    if (reply === null) return void response.destroy();
    const headers = { ...headersOf(), ...quota.headers(), ...reply.headers };
    response.writeHead(reply.status, headers).end(JSON.stringify(reply.body));
    sender.send();
  }

  const headersOf = (type = 'application/json'): Record<string, string> => ({
    'content-type': type,
    'x-request-id': `req_${calls.count()}`,
    'x-time': new Date(time()).toISOString(),
  });

  let held: (() => void)[] | null = null;
  const released = async (): Promise<void> => {
    const waiting = held;
    if (waiting) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const release = (): void => {
    for (const go of held ?? []) go();
    held = null;
  };
  const byHand = (outcome: Outcome): Person => {
    if (isRefusal(outcome)) throw new Error(`Toy refuses it: ${outcome.code}`);
    sender.send();
    return outcome;
  };

  const server = createServer((req, res) => void handle(req, res).catch(() => res.destroy()));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...sender,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    people: () => people.list(),
    events: () => people.events(),
    add: (values) => byHand(people.create(values, null)),
    edit: (id, values) => byHand(people.update(id, values, { key: null, version: BY_HAND })),
    remove: (id) => void byHand(people.remove(id, { key: null, version: BY_HAND })),
    restore: (id) => byHand(people.restore(id)),
    merge: (id, into) => byHand(people.merge(id, into)),
    takeEachMailOnce: () => void (settings.uniqueMails = true),
    limitTo: (given) => quota.set(given),
    calls,
    faults,
    tokens,
    hang: () => void (held ??= []),
    release,
    waiting: () => held?.length ?? 0,
    useUpQuota: (until) => void (quotaUntil = until),
    time,
    advance: (ms) => void (ahead += ms),
    async close() {
      release();
      faults.release();
      await sender.sent();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
