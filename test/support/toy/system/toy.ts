// Toy behind the contract: one function of the engine is one request, or the pages of one list.
import type { Fields, MappingDocument } from '../../../../lib/catalogue/document.ts';
import type {
  Capabilities,
  EventFeed,
  Integration,
  WriteRequest,
  Written,
} from '../../../../lib/integrations/integration.ts';
import { capabilities as promised } from './capabilities.ts';
import { classify } from './classify.ts';
import { createToyClient, unexpectedAnswer, type ToyClientSettings } from './client.ts';
import { builtInDocument, namesToRead } from './document.ts';
import { createCursorFeed } from './cursor-feed.ts';
import { createFeed } from './feed.ts';
import { toTheirs } from './fields.ts';
import { createIngress } from './ingress.ts';
import { createPages } from './pages.ts';
import { createReads } from './reads.ts';
import { createTags, readRecord } from './record.ts';

export type ToyConnection = ToyClientSettings & {
  instanceId: string;
  /** Checked whole; the built-in document if left out. */
  document?: MappingDocument | undefined;
};

const METHODS = { create: 'POST', update: 'PATCH', delete: 'DELETE' };

/** What Toy promises, and which of its two feeds is read; the tests try others. */
export interface ToyVariant {
  capabilities?: Capabilities;
  /** `time`: its list of events. `cursor`: its changes since a cursor. */
  feedBy?: EventFeed['by'] | undefined;
}

export function createToyIntegration(
  settings: ToyConnection,
  { capabilities = promised, feedBy = 'time' }: ToyVariant = {},
): Integration {
  const call = createToyClient(settings);
  const pages = createPages(call);
  const { document = builtInDocument() } = settings;
  const tags = createTags(settings.instanceId);
  const reading = { names: namesToRead(document), tags };

  return {
    system: 'toy',
    document,
    capabilities,
    ...createReads(call, pages, reading),
    body: (fields: Fields, ownerTag, version) => ({
      ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toTheirs(name, value)])),
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
      const record = readRecord(said, reading, externalId ?? undefined);
      // A create is believed only with the owner tag that it was sent with.
      if (operation === 'create' && said['tag'] !== fields['tag']) throw unexpectedAnswer();
      const written = { ...answered, replayed, externalId: record.externalId };
      return { ...written, record: operation === 'delete' ? null : record };
    },
    classify,
    ingress: createIngress(reading),
    // A vendor has one of the two, or none.
    feed: feedBy === 'cursor' ? createCursorFeed(call, reading) : createFeed(pages, reading),
  };
}
