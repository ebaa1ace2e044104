// What all parts of the contract's tests have in common: requests as the engine makes them, each create with an owner tag of its
// own, and which parts a system is not asked for.
import type { Fields } from '../../../lib/catalogue/document.ts';
import type {
  Capabilities,
  EventFeed,
  ExternalRecord,
  Failure,
  Integration,
  WriteRequest,
} from '../../../lib/integrations/integration.ts';
import type { ContractHarness, Stages } from './contract-harness.ts';
import { required } from './expecting.ts';

/** What a system says of itself, known before it is opened: its capabilities must say the same. */
export type Promises = Pick<Capabilities, 'creates' | 'updates' | 'deletes' | 'quota' | 'merges'>;

/** What a system or its double does not have at all, known before it is opened. */
export type Without = 'webhooks' | 'signatures' | 'feed' | 'proxy' | 'rivals' | 'budgets' | 'next';

/** How the credential of a system is had. */
export type CredentialKind = 'static' | 'minted' | 'rotating';

/** What the tests of a system are told of it before it is opened. */
export interface KitOptions {
  without?: readonly Without[];
  feedBy?: EventFeed['by'];
  credential?: CredentialKind;
  /** Of a system with `next`: the changes that its records go through. */
  stages?: Stages;
}

const REASONS: Record<Without, string> = {
  webhooks: 'it sends no webhooks',
  signatures: 'it signs no webhooks: an ingest key proves who sends them',
  feed: 'it has no past events to read',
  next: 'it has no next: one request carries every field',
  proxy: 'its harness gives no address for a proxy to stand before',
  rivals: 'it refuses no record because of another one',
  budgets: 'its answers say nothing of what is left of a quota',
};

const OF_OTHER_FEEDS: Record<EventFeed['by'], string> = {
  time: 'its feed has a cursor, and this is of a list by time',
  cursor: 'its events are listed by time, and this is of a feed with a cursor',
};

export interface Kit {
  harness: () => ContractHarness;
  /** A test of one promise: of a system that does not make it, it is not asked, and noted in `leftOut`. */
  itWhere<Name extends keyof Promises>(
    name: Name,
    values: Promises[Name][],
    title: string,
    test: () => Promise<void>,
  ): void;
  /**
   * Tests of webhooks, of the list of events by time, of the feed with a cursor, and of what stands
   * between us and the system.
   */
  itWithWebhooks: (title: string, test: () => Promise<void>) => void;
  /** Tests of signed webhooks. */
  itWithSignatures: (title: string, test: () => Promise<void>) => void;
  itWithFeed: (title: string, test: () => Promise<void> | void) => void;
  itWithCursor: (title: string, test: () => Promise<void> | void) => void;
  /** Tests of changes that need several requests. */
  itWithNext: (title: string, test: () => Promise<void>) => void;
  itWithProxy: (title: string, test: () => Promise<void>) => void;
  /** Tests of a credential that changes; `kinds`: only of these. */
  itWithCredential: (kinds: readonly CredentialKind[], title: string, test: () => Promise<void>) => void;
  /** Tests of refusals that name another record, and of what answers say of a quota. */
  itWithRivals: (title: string, test: () => Promise<void>) => void;
  itWithBudgets: (title: string, test: () => Promise<void>) => void;
  /** The tests that the system is not asked to pass, each with the reason. */
  leftOut: readonly { title: string; reason: string }[];
  newTag: () => string;
  /** Every mapped field with a value of its own. */
  filled: (word: string) => Fields;
  mapped: (fields: Fields) => Fields;
  mappedOf: (integration: Integration, fields: Fields) => Fields;
  createRequest: (fields: Fields, ownerTag?: string) => WriteRequest;
  create: (fields: Fields, ownerTag?: string) => Promise<ExternalRecord>;
  /** Made for the version that the record has now, where the system wants one. */
  updateOf: (externalId: string, fields: Fields) => Promise<WriteRequest>;
  deletionOf: (externalId: string) => Promise<WriteRequest>;
  failureOf: (call: () => Promise<unknown>) => Promise<Failure>;
}

export function createKit(
  harness: () => ContractHarness,
  promises: Promises,
  { without: lacking = [], feedBy = 'time', credential = 'static', stages }: KitOptions,
): Kit {
  const without: readonly Without[] = stages ? lacking : [...lacking, 'next'];
  let serial = 0;
  const leftOut: { title: string; reason: string }[] = [];
  const itUnless =
    (lacks: Without) =>
    (title: string, test: () => Promise<void> | void): void => {
      if (without.includes(lacks)) leftOut.push({ title, reason: REASONS[lacks] });
      else it(title, test);
    };
  const itIfFeed =
    (by: EventFeed['by']) =>
    (title: string, test: () => Promise<void> | void): void => {
      if (without.includes('feed') || by === feedBy) itUnless('feed')(title, test);
      else leftOut.push({ title, reason: OF_OTHER_FEEDS[by] });
    };
  const nextKey = (): string => `contract-${process.pid}-${++serial}`;
  const kit: Kit = {
    harness,
    leftOut,
    itWhere(name, values, title, test) {
      if (values.includes(promises[name])) it(title, test);
      else
        leftOut.push({
          title,
          reason: `its ${name} is ${String(promises[name])}, and this is of ${values.join(' and ')}`,
        });
    },
    itWithWebhooks: itUnless('webhooks'),
    itWithSignatures: itUnless(without.includes('webhooks') ? 'webhooks' : 'signatures'),
    itWithFeed: itIfFeed('time'),
    itWithCursor: itIfFeed('cursor'),
    itWithNext: itUnless('next'),
    itWithProxy: itUnless('proxy'),
    itWithCredential(kinds, title, test) {
      if (kinds.includes(credential)) it(title, test);
      else
        leftOut.push({
          title,
          reason: `its credential is ${credential}, and this is of ${kinds.join(' and ')}`,
        });
    },
    itWithRivals: itUnless('rivals'),
    itWithBudgets: itUnless('budgets'),
    newTag: () => `tag-${nextKey()}`,
    filled: (word) =>
      Object.fromEntries(
        harness().integration.document.fields.map(({ external }) => [
          external,
          /e?mail/.test(external) ? `${word}@example.com` : `${external} ${word}`,
        ]),
      ),
    mapped: (fields) => kit.mappedOf(harness().integration, fields),
    mappedOf: ({ document }, fields) =>
      Object.fromEntries(document.fields.map(({ external }) => [external, fields[external] ?? null])),
    createRequest: (fields, ownerTag = kit.newTag()) => ({
      operation: 'create',
      key: nextKey(),
      externalId: null,
      body: harness().integration.body(fields, ownerTag),
    }),
    async create(fields, ownerTag) {
      return required((await harness().integration.write(kit.createRequest(fields, ownerTag))).record);
    },
    async updateOf(externalId, fields) {
      const { integration } = harness();
      const body = integration.body(fields, null, await versionOf(externalId));
      return { operation: 'update', key: nextKey(), externalId, body };
    },
    async deletionOf(externalId) {
      const version = await versionOf(externalId);
      const body = version === undefined ? {} : harness().integration.body({}, null, version);
      return { operation: 'delete', key: nextKey(), externalId, body };
    },
    async failureOf(call) {
      try {
        await call();
      } catch (error) {
        return harness().integration.classify(error);
      }
      throw new Error('the call was to fail');
    },
  };

  async function versionOf(externalId: string): Promise<string | undefined> {
    const { integration } = harness();
    if (integration.capabilities.updates !== 'version') return undefined;
    const fetched = await integration.fetch(externalId);
    return fetched.state === 'present' ? fetched.record.version : '0';
  }
  return kit;
}
