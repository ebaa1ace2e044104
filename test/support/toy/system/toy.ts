// Toy behind the contract: one function of the engine is one request, or the pages of one list.
import type { Fields } from '../../../../lib/catalogue/document.ts';
import type {
  Capabilities,
  ExternalRecord,
  Fetched,
  Integration,
  WriteRequest,
  Written,
} from '../../../../lib/integrations/integration.ts';
import { capabilities as promised } from './capabilities.ts';
import { classify } from './classify.ts';
import { createToyClient, ToyError, unexpectedAnswer, type ToyClientSettings } from './client.ts';
import { readDocument } from './document.ts';
import { createFeed } from './feed.ts';
import { createIngress } from './ingress.ts';
import { createPages } from './pages.ts';
import { createTags, isId, readRecord } from './record.ts';

export type ToyConnection = ToyClientSettings & { instanceId: string };

const METHODS = { create: 'POST', update: 'PATCH', delete: 'DELETE' };

/** `capabilities` differ from the promised ones only in tests of them. */
export function createToyIntegration(
  settings: ToyConnection,
  capabilities: Capabilities = promised,
): Integration {
  const call = createToyClient(settings);
  const pages = createPages(call);
  const tags = createTags(settings.instanceId);

  async function find(by: Record<string, string>): Promise<ExternalRecord[]> {
    const found: ExternalRecord[] = [];
    for await (const { items } of pages('/people', {}, by))
      found.push(...items.map((item) => readRecord(item, tags)));
    return found;
  }

  return {
    system: 'toy',
    document: readDocument(),
    capabilities,
    async identify() {
      const { body } = await call('GET', '/account');
      if (body['kind'] !== 'account' || !isId(body['id'])) throw unexpectedAnswer();
      return { account: body['id'], livemode: false };
    },
    async fetch(externalId): Promise<Fetched> {
      try {
        const { answered, body } = await call('GET', `/people/${encodeURIComponent(externalId)}`);
        const record = readRecord(body, tags, externalId);
        return { ...answered, state: 'present', record, blocksDelete: null };
      } catch (error) {
        return absenceOf(error);
      }
    },
    body: (fields: Fields, ownerTag, version) => ({
      ...fields,
      ...(ownerTag !== null && { tag: tags.write(ownerTag) }),
      ...(version !== undefined && { version }),
    }),
    async write({ operation, key, externalId, body }: WriteRequest): Promise<Written> {
      const { version, ...fields } = body;
      const path = externalId === null ? '/people' : `/people/${encodeURIComponent(externalId)}`;
      const {
        answered,
        body: said,
        replayed,
      } = await call(METHODS[operation], path, {
        ...(operation !== 'delete' && { body: fields }),
        headers: {
          'idempotency-key': key,
          ...(typeof version === 'string' && { 'if-match': version }),
        },
      });
      const record = readRecord(said, tags, externalId ?? undefined);
      // A create is believed only with the owner tag that it was sent with.
      if (operation === 'create' && said['tag'] !== fields['tag']) throw unexpectedAnswer();
      const written = { ...answered, replayed, externalId: record.externalId };
      return { ...written, record: operation === 'delete' ? null : record };
    },
    async *list(window) {
      for await (const { items } of pages('/people', window))
        yield items.map((item) => readRecord(item, tags));
    },
    findTagged: (ownerTag) => find({ tag: tags.write(ownerTag) }),
    findByEmail: (email) => find({ mail: email }),
    async countTagged(instanceIds) {
      const ofThem = instanceIds.map((id) => createTags(id));
      let count = 0;
      for await (const { items } of pages('/people', {}))
        count += items.filter((item) => ofThem.some((one) => readRecord(item, one).ownerTag !== null)).length;
      return count;
    },
    classify,
    ingress: createIngress(tags),
    feed: createFeed(pages, tags),
  };
}

/** Toy says 410 of a record that was deleted, and 404 of one that this credential cannot see. */
function absenceOf(error: unknown): Fetched {
  if (!(error instanceof ToyError) || !error.isTheirs) throw error;
  const { status, requestId } = error;
  if (status === 410) return { status, requestId, answeredAt: null, state: 'erased' };
  if (status === 404) return { status, requestId, answeredAt: null, state: 'missing' };
  throw error;
}
