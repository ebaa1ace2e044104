// A second external system, for tests only: contacts over HTTP, without idempotency keys and without events. By its options it
// takes each owner tag once or not, wants the version of a record named in each write or not, and archives, deletes or keeps.
// It has a quota that a test uses up, and faults for its next write.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type PocketOptions = {
  /** Whether an owner tag is taken once. */
  uniqueTags?: boolean;
  /** Whether a write has to name the version that it was made for. */
  versions?: boolean;
  deletes?: 'delete' | 'archive' | 'none';
  now?: () => number;
};

export type Contact = {
  id: string;
  name: string | null;
  email: string | null;
  tag: string | null;
  version: number;
  createdAt: string;
  state: 'living' | 'archived' | 'deleted';
};

export type PocketFault = 'answer_lost' | 'throttled' | 'failed_unstored';
export type Edit = { name?: string | null; email?: string | null };

export interface Pocket {
  readonly url: string;
  /** `POST /contacts`, oldest first; ids and questions are left out. */
  readonly calls: string[];
  living(): Contact[];
  contact(id: string): Contact;
  /** By the hands of people there. */
  add(fields: Edit): Contact;
  edit(id: string, fields: Edit): void;
  remove(id: string): void;
  /** Before each write from now on, so often. */
  beforeWrites(edit: () => void, times: number): void;
  failNext(fault: PocketFault): void;
  /** The quota of the account is used up until then. */
  useUpQuota(until: Date | null): void;
  effects(): number;
  time(): number;
  advance(ms: number): void;
  close(): Promise<void>;
}

export const TOKEN = 'pocket-token';

type Reply = { status: number; body: Record<string, unknown>; headers?: Record<string, string> };

export async function openPocket(options: PocketOptions = {}): Promise<Pocket> {
  const { uniqueTags = false, versions = true, deletes = 'archive', now = Date.now } = options;
  const contacts: Contact[] = [];
  const calls: string[] = [];
  const faults: PocketFault[] = [];
  let ahead = 0;
  let effects = 0;
  let quotaUntil: Date | null = null;
  let requests = 0;
  let before = { edit: (): void => undefined, times: 0 };
  const at = (): number => now() + ahead;

  const find = (id: string): Contact | undefined => contacts.find((contact) => contact.id === id);
  const must = (id: string): Contact => {
    const contact = find(id);
    if (!contact) throw new Error(`no contact ${id}`);
    return contact;
  };
  const change = (contact: Contact, fields: Edit): void =>
    void Object.assign(contact, fields, { version: contact.version + 1 });
  const add = ({ name = null, email = null }: Edit, tag: string | null = null): Contact => {
    const id = `con_${contacts.length + 1}`;
    const createdAt = new Date(at()).toISOString();
    const contact: Contact = { ...{ id, name, email, tag, createdAt }, version: 1, state: 'living' };
    contacts.push(contact);
    return contact;
  };

  function judge(request: IncomingMessage): Reply | null {
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return refuse(401, 'unauthorized');
    if (quotaUntil === null || quotaUntil.getTime() <= at()) return null;
    const seconds = String(Math.ceil((quotaUntil.getTime() - at()) / 1_000));
    return { ...refuse(429, 'quota_used_up'), headers: { 'retry-after': seconds } };
  }

  function read(url: URL): Reply {
    if (url.pathname === '/me') return { status: 200, body: { account: 'pocket_1' } };
    const id = url.pathname.slice('/contacts/'.length);
    if (id !== '') {
      const contact = find(id);
      if (!contact) return refuse(404, 'not_found');
      return contact.state === 'living' ? { status: 200, body: contact } : refuse(410, contact.state);
    }
    const [email, tag] = [url.searchParams.get('email'), url.searchParams.get('tag')];
    const [from, to] = [url.searchParams.get('from') ?? '', url.searchParams.get('to') ?? '9'];
    const found = contacts.filter(
      (one) =>
        one.state === 'living' &&
        (email === null || one.email === email) &&
        (tag === null || one.tag === tag) &&
        one.createdAt >= from &&
        one.createdAt <= to,
    );
    return { status: 200, body: { contacts: found.toReversed() } };
  }

  function write(
    method: string,
    url: URL,
    body: Edit & { tag?: string },
    version: string | undefined,
  ): Reply {
    if (typeof body.email === 'string' && body.email !== '' && !body.email.includes('@'))
      return refuse(422, 'invalid', 'email');
    const { tag, ...fields } = body;
    if (method === 'POST') {
      if (uniqueTags && contacts.some((one) => one.tag === tag)) return refuse(409, 'tag_taken');
      return done(add(fields, tag));
    }
    const contact = find(url.pathname.slice('/contacts/'.length));
    if (!contact) return refuse(404, 'not_found');
    if (contact.state !== 'living') return refuse(410, contact.state);
    if (versions && version !== String(contact.version)) return refuse(409, 'stale_version');
    if (method === 'PATCH') {
      change(contact, { ...fields, ...(tag === undefined ? {} : { tag }) });
      return done(contact);
    }
    if (deletes === 'none') return refuse(405, 'no_deletes');
    contact.state = deletes === 'archive' ? 'archived' : 'deleted';
    return done(contact);
  }

  function done(contact: Contact): Reply {
    effects += 1;
    return { status: 200, body: { ...contact } };
  }

  function replyToWrite(request: IncomingMessage, url: URL, text: string): Reply | 'lost' {
    const fault = faults.shift();
    if (fault === 'throttled') return refuse(429, 'slow_down');
    if (fault === 'failed_unstored') return refuse(500, 'broken');
    if (before.times > 0) {
      before.times -= 1;
      before.edit();
    }
    const version = request.headers['if-match'];
    const body = (text === '' ? {} : JSON.parse(text)) as Edit & { tag?: string };
    const reply = write(request.method ?? '', url, body, version);
    return fault === 'answer_lost' ? 'lost' : reply;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? '/', 'http://pocket');
    const isRead = request.method === 'GET';
    calls.push(`${request.method ?? ''} ${url.pathname.replace(/con_\d+/, 'con')}`);
    const reply = judge(request) ?? (isRead ? read(url) : replyToWrite(request, url, text));
    if (reply === 'lost') return void response.destroy();
    requests += 1;
    const headers = { 'x-request-id': `pr_${requests}`, 'x-time': new Date(at()).toISOString() };
    response.writeHead(reply.status, { ...headers, ...reply.headers, 'content-type': 'application/json' });
    response.end(JSON.stringify(reply.body));
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    living: () => contacts.filter(({ state }) => state === 'living'),
    contact: must,
    add,
    edit: (id, fields) => change(must(id), fields),
    remove: (id) => void (must(id).state = deletes === 'archive' ? 'archived' : 'deleted'),
    beforeWrites: (edit, times) => void (before = { edit, times }),
    failNext: (fault) => void faults.push(fault),
    useUpQuota: (until) => void (quotaUntil = until),
    effects: () => effects,
    time: at,
    advance: (ms) => void (ahead += ms),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function refuse(status: number, code: string, field: string | null = null): Reply {
  return { status, body: { code, field } };
}
