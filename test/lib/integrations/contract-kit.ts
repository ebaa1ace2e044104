// What all parts of the contract's tests have in common: requests as the engine makes them, each create with an owner tag of its
// own, and which parts a system is not asked for.
import type { Fields } from '../../../lib/catalogue/document.ts';
import type {
  Capabilities,
  ExternalRecord,
  Failure,
  WriteRequest,
} from '../../../lib/integrations/integration.ts';
import type { ContractHarness } from './contract-harness.ts';
import { required } from './expecting.ts';

/** What a system says of itself, known before it is opened: its capabilities must say the same. */
export type Promises = Pick<Capabilities, 'creates' | 'updates' | 'deletes' | 'quota'>;

export interface Kit {
  harness: () => ContractHarness;
  /** A test of one promise: of a system that does not make it, it is not asked, and noted in `leftOut`. */
  itWhere<Name extends keyof Promises>(
    name: Name,
    values: Promises[Name][],
    title: string,
    test: () => Promise<void>,
  ): void;
  /** The tests that the system does not promise to pass. */
  leftOut: readonly string[];
  newTag: () => string;
  /** Every mapped field with a value of its own. */
  filled: (word: string) => Fields;
  mapped: (fields: Fields) => Fields;
  createRequest: (fields: Fields, ownerTag?: string) => WriteRequest;
  create: (fields: Fields, ownerTag?: string) => Promise<ExternalRecord>;
  /** Made for the version that the record has now, where the system wants one. */
  updateOf: (externalId: string, fields: Fields) => Promise<WriteRequest>;
  deletionOf: (externalId: string) => Promise<WriteRequest>;
  failureOf: (call: () => Promise<unknown>) => Promise<Failure>;
}

export function createKit(harness: () => ContractHarness, promises: Promises): Kit {
  let serial = 0;
  const leftOut: string[] = [];
  const nextKey = (): string => `contract-${process.pid}-${++serial}`;
  const kit: Kit = {
    harness,
    leftOut,
    itWhere(name, values, title, test) {
      if (values.includes(promises[name])) it(title, test);
      else leftOut.push(title);
    },
    newTag: () => `tag-${nextKey()}`,
    filled: (word) =>
      Object.fromEntries(
        harness().integration.document.fields.map(({ external }) => [
          external,
          external === 'email' ? `${word}@example.com` : `${external} ${word}`,
        ]),
      ),
    mapped: (fields) =>
      Object.fromEntries(
        harness().integration.document.fields.map(({ external }) => [external, fields[external] ?? null]),
      ),
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
