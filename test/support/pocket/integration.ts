// The double of `server.ts` behind the integration contract, as an engineer who adds a system would write it.
import { parseDocument } from '../../../lib/catalogue/document.ts';
import type {
  Answered,
  Capabilities,
  ExternalRecord,
  Fetched,
  Integration,
  WriteRequest,
  Written,
} from '../../../lib/integrations/integration.ts';
import { classify, PocketError } from './classify.ts';
import type { Contact } from './server.ts';

export type PocketSettings = {
  url: string;
  token: string;
  promises: Pick<Capabilities, 'creates' | 'updates' | 'deletes'>;
};

type Answer = { answered: Answered; body: Record<string, unknown> };

const rule = {
  direction: 'both',
  conflict: 'internal_wins',
  onNull: 'keep',
  toExternal: [],
  toInternal: [],
  fallback: [],
  maxLength: 200,
  owner: null,
} as const;

const document = parseDocument({
  id: 'pocket.customer@1',
  system: 'pocket',
  entity: 'customer',
  externalType: 'contact',
  fields: [
    { ...rule, internal: 'name', external: 'name', compare: ['exact'] },
    { ...rule, internal: 'email', external: 'email', compare: ['lower'] },
  ],
  condition: null,
});

export const IN_FLIGHT_MS = 2 * 60_000;

export function createPocketIntegration({ url, token, promises }: PocketSettings): Integration {
  async function call(method: string, path: string, body?: object, version?: string): Promise<Answer> {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(version === undefined ? {} : { 'if-match': version }),
    };
    const request = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`${url}${path}`, request).catch((error: unknown) => {
      throw PocketError.ofNetwork(error);
    });
    const answer = (await response.json()) as Record<string, unknown>;
    const requestId = response.headers.get('x-request-id');
    if (!response.ok) throw PocketError.ofAnswer(response, answer);
    const answeredAt = new Date(response.headers.get('x-time') ?? NaN);
    return { answered: { requestId, status: response.status, answeredAt }, body: answer };
  }

  async function query(search: string): Promise<ExternalRecord[]> {
    const { body } = await call('GET', `/contacts/?${search}`);
    return (body['contacts'] as Contact[]).map(toRecord);
  }

  return {
    system: 'pocket',
    document,
    capabilities: {
      ...promises,
      requestLifeMs: 0,
      inFlightMs: IN_FLIGHT_MS,
      callTimeoutMs: 10_000,
      quota: true,
      backgroundShare: 1,
      merges: false,
      rates: { account: 100, endpoint: 100 },
    },
    async identify() {
      const { body } = await call('GET', '/me');
      return { account: String(body['account']), livemode: false };
    },
    async fetch(externalId): Promise<Fetched> {
      try {
        const { answered, body } = await call('GET', `/contacts/${externalId}`);
        return { ...answered, state: 'present', record: toRecord(body as Contact), blocksDelete: null };
      } catch (error) {
        if (!(error instanceof PocketError) || classify(error).kind !== 'gone') throw error;
        const { status, requestId } = error;
        const answered = { status: status ?? 404, requestId, answeredAt: null };
        return { ...answered, state: status === 410 ? 'erased' : 'missing' };
      }
    },
    body: (fields, ownerTag, version) => ({
      ...fields,
      ...(ownerTag !== null && { tag: ownerTag }),
      ...(version !== undefined && { version }),
    }),
    async write({ operation, externalId, body }: WriteRequest): Promise<Written> {
      const { version, ...fields } = body as { version?: string };
      const path = `/contacts/${externalId ?? ''}`;
      const method = { create: 'POST', update: 'PATCH', delete: 'DELETE' }[operation];
      const sent = operation === 'delete' ? undefined : fields;
      const { answered, body: answer } = await call(method, path, sent, version);
      const record = toRecord(answer as Contact);
      const written = { ...answered, replayed: false, externalId: record.externalId };
      return { ...written, record: operation === 'delete' ? null : record };
    },
    async *list({ createdFrom, createdTo }) {
      const from = createdFrom ? `from=${createdFrom.toISOString()}` : '';
      const to = createdTo ? `to=${createdTo.toISOString()}` : '';
      yield await query(`${from}&${to}`);
    },
    findTagged: (ownerTag) => query(`tag=${encodeURIComponent(ownerTag)}`),
    findByIdentity: (email) => query(`email=${encodeURIComponent(email)}`),
    classify,
  };

  function toRecord({ id, name, email, tag, version, createdAt }: Contact): ExternalRecord {
    return {
      externalId: id,
      fields: { name, email },
      ownerTag: tag,
      foreignTag: false,
      createdAt: new Date(createdAt),
      testClock: null,
      ...(promises.updates === 'version' && { version: String(version) }),
    };
  }
}
