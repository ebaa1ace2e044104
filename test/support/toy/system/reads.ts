// What is read at Toy: the account, one person, and the lists.
import type { ExternalRecord, Fetched, Integration } from '../../../../lib/integrations/integration.ts';
import { ToyError, unexpectedAnswer, type ToyClient } from './client.ts';
import type { Pages } from './pages.ts';
import { createTags, isId, readRecord, type Reading } from './record.ts';

type Reads = Required<
  Pick<Integration, 'identify' | 'fetch' | 'list' | 'findTagged' | 'findByIdentity' | 'countTagged'>
>;

export function createReads(call: ToyClient, pages: Pages, reading: Reading): Reads {
  async function find(by: Record<string, string>): Promise<ExternalRecord[]> {
    const found: ExternalRecord[] = [];
    for await (const { items } of pages('/people', {}, by))
      found.push(...items.map((item) => readRecord(item, reading)));
    return found;
  }

  return {
    async identify() {
      const { body } = await call('GET', '/account');
      if (body['kind'] !== 'account' || !isId(body['id'])) throw unexpectedAnswer();
      return { account: body['id'], livemode: false };
    },
    async fetch(externalId): Promise<Fetched> {
      try {
        const { answered, body } = await call('GET', `/people/${encodeURIComponent(externalId)}`);
        const record = readRecord(body, reading, externalId);
        return { ...answered, state: 'present', record, blocksDelete: null };
      } catch (error) {
        return absenceOf(error);
      }
    },
    async *list(window) {
      for await (const { items } of pages('/people', window))
        yield items.map((item) => readRecord(item, reading));
    },
    findTagged: (ownerTag) => find({ tag: reading.tags.write(ownerTag) }),
    findByIdentity: (email) => find({ mail: email }),
    async countTagged(instanceIds) {
      const ofThem = instanceIds.map((id) => ({ ...reading, tags: createTags(id) }));
      let count = 0;
      for await (const { items } of pages('/people', {}))
        count += items.filter((item) => ofThem.some((one) => readRecord(item, one).ownerTag !== null)).length;
      return count;
    },
  };
}

/**
 * Toy says 410 of a record that was deleted, or that was merged into another one, which it names; and
 * 404 of one that this credential cannot see.
 */
function absenceOf(error: unknown): Fetched {
  if (!(error instanceof ToyError) || !error.isTheirs) throw error;
  const { status, requestId, code, into } = error;
  const answered = { status: status ?? 0, requestId, answeredAt: null };
  if (code === 'merged' && into !== null) return { ...answered, state: 'merged', into };
  if (status === 410 && code === 'deleted') return { ...answered, state: 'erased' };
  if (status === 404) return { ...answered, state: 'missing' };
  throw error;
}
