// What all parts of the contract's tests have in common: requests as the engine makes them, each create with an owner tag of its
// own, and the reason why a part is skipped.
import type { Fields } from '../../../lib/catalogue/document.ts';
import type {
  Capabilities,
  ExternalRecord,
  Failure,
  WriteRequest,
} from '../../../lib/integrations/integration.ts';
import type { ContractHarness } from './contract-harness.ts';
import { required } from './expecting.ts';

export interface Kit {
  harness: () => ContractHarness;
  /** Skips the test where the system does not promise what it asks about, and says so. */
  only<Name extends keyof Capabilities>(
    context: Mocha.Context,
    name: Name,
    ...values: Capabilities[Name][]
  ): void;
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

export function createKit(harness: () => ContractHarness): Kit {
  let serial = 0;
  const nextKey = (): string => `contract-${process.pid}-${++serial}`;
  const kit: Kit = {
    harness,
    only(context, name, ...values) {
      const promised = harness().integration.capabilities[name];
      if (values.includes(promised)) return;
      context.runnable().title += ` (left out: ${name} is ${JSON.stringify(promised)})`;
      context.skip();
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
