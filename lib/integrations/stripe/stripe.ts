// Stripe's customers behind the integration contract. Nothing in this file retries, keeps state or
// decides: one call is one request, and its outcome is returned in the contract's terms.
import type { Stripe } from 'stripe';
import type { MappingDocument } from '../../catalogue/document.ts';
import type { SentRequest } from '../../measures.ts';
import type { Capabilities, Fetched, Integration, WriteRequest, Written } from '../integration.ts';
import { requireCustomerOf, requireType } from './answer.ts';
import type { Routes } from '../routes.ts';
import { classify } from './classify.ts';
import { CALL_TIMEOUT_MS, createStripeClient } from './client.ts';
import { requireCustomerId } from './customer-id.ts';
import { readEvidence, unexpectedAnswer, unsendable } from './evidence.ts';
import { groupsOf } from './document.ts';
import { createStripeIntake } from './intake.ts';
import { createFeed } from './feed.ts';
import { countTagged, listByEmail, listCustomers, searchByTag } from './list.ts';
import { readReplay } from './headers.ts';
import { readTag, writeTag } from './owner-tag.ts';
import { toAnswered, toRecord } from './record.ts';
import { readBlock, readUse } from './subscriptions.ts';
import { writeFields } from './write-fields.ts';

export interface StripeSettings {
  secretKey: string;
  apiBase?: string | undefined;
  /** `twinbox_<instance id>`: the metadata key of this installation's owner tag. */
  tagKey: string;
  timeoutMs?: number | undefined;
  /** As `parseStripeDocument` returns it; the built-in document if left out. */
  document?: MappingDocument | undefined;
  sent?: ((request: SentRequest) => void) | undefined;
}

const HOUR = 3_600_000;

/**
 * The integration for one account; throws `config_invalid` with a plain message if the key, the
 * address or the key of the owner tag cannot work.
 */
export function createStripeIntegration(settings: StripeSettings): Integration {
  const { tagKey } = settings;
  const { system, document, names, ingress, readEvent } = createStripeIntake(tagKey, settings.document);
  const { stripe, livemode } = createStripeClient(settings);
  const record = (answer: object) => toRecord(answer, names, tagKey);

  return {
    system,
    document,
    groups: groupsOf(document),
    capabilities: promises(settings, livemode),
    routes,

    async identify() {
      const account = await stripe.accounts.retrieveCurrent();
      requireType(account, 'account');
      if (typeof account.id !== 'string' || account.id === '')
        throw unexpectedAnswer('an account without id');
      return { account: account.id, livemode };
    },

    async fetch(externalId, { forDelete = false, withUse = false } = {}): Promise<Fetched> {
      try {
        const customer = await stripe.customers.retrieve(
          requireCustomerId(externalId),
          forDelete || withUse ? { expand: ['subscriptions'] } : {},
        );
        requireCustomerOf(customer, externalId);
        const answered = toAnswered(customer.lastResponse);
        if (customer.deleted === true) return { ...answered, state: 'erased' };
        const blocksDelete = forDelete ? readBlock(customer) : null;
        const use = withUse ? { use: readUse(customer) } : {};
        return { ...answered, state: 'present', record: record(customer), blocksDelete, ...use };
      } catch (error) {
        if (classify(error).kind !== 'gone') throw error;
        const { requestId, status, answeredAt } = readEvidence(error);
        return { requestId, status: status ?? 404, answeredAt, state: 'missing' };
      }
    },

    // Stripe's customers have no version.
    body: (fields, ownerTag, _version, beside) =>
      writeFields(fields, beside, ownerTag === null ? {} : writeTag(tagKey, ownerTag)),

    async write({ operation, key, externalId, body }: WriteRequest): Promise<Written> {
      const options = { idempotencyKey: requireKey(key) };
      switch (operation) {
        case 'create':
          return created(await stripe.customers.create(body, options), body);
        case 'update': {
          const id = requireCustomerId(externalId);
          const answer = await stripe.customers.update(id, body, options);
          requireCustomerOf(answer, id);
          return written(answer);
        }
        case 'delete': {
          // Stripe ignores keys of DELETE; a repeat gets a 404 instead.
          const id = requireCustomerId(externalId);
          const answer: { deleted?: unknown } & Stripe.Response<unknown> = await stripe.customers.del(id);
          requireCustomerOf(answer, id);
          if (answer.deleted !== true) throw unexpectedAnswer('a delete that does not say "deleted"');
          return { ...toAnswered(answer.lastResponse), replayed: false, externalId: id, record: null };
        }
      }
    },

    list: (window) => listCustomers({ stripe, record, livemode }, window),
    findByIdentity: (email) => listByEmail({ stripe, record, livemode }, email),
    countTagged: (instanceIds) => countTagged({ stripe, livemode }, instanceIds),
    findTagged: (ownerTag) => searchByTag({ stripe, record, livemode }, tagKey, ownerTag),
    classify,
    ingress,
    feed: createFeed(stripe, readEvent),
  };

  /**
   * The answer to a create, also a stored one, shows the metadata that was sent with the request.
   */
  function created(answer: Stripe.Response<Stripe.Customer>, body: WriteRequest['body']): Written {
    const made = written(answer);
    const { ownerTag } = readTag(body['metadata'], tagKey);
    if (ownerTag !== null && made.record?.ownerTag !== ownerTag)
      throw unexpectedAnswer('a created customer without the owner tag that was sent');
    return made;
  }

  function written(answer: Stripe.Response<Stripe.Customer>): Written {
    // An answer that may be a stored one counts as stored: it may show a past state.
    const replayed = readReplay(answer.lastResponse.headers['idempotent-replayed']) !== 'no';
    const now = record(answer);
    return { ...toAnswered(answer.lastResponse), replayed, externalId: now.externalId, record: now };
  }
}

const routes: Routes = {
  identify: 'GET /v1/account',
  read: 'GET /v1/customers/{customer}',
  create: 'POST /v1/customers',
  update: 'POST /v1/customers/{customer}',
  delete: 'DELETE /v1/customers/{customer}',
  list: 'GET /v1/customers',
  look: 'GET /v1/customers',
  search: 'GET /v1/customers/search',
  events: 'GET /v1/events',
};

function promises({ timeoutMs }: StripeSettings, livemode: boolean): Capabilities {
  return {
    creates: 'key',
    updates: 'key',
    // Keys live for at least 24 h (docs.stripe.com/api/idempotent_requests); an hour is left for
    // differing clocks and for the send itself.
    requestLifeMs: 23 * HOUR,
    inFlightMs: 5 * 60_000,
    callTimeoutMs: timeoutMs ?? CALL_TIMEOUT_MS,
    deletes: 'delete',
    // A 429 from Stripe means a rate limit or a lock, and ends within seconds.
    quota: false,
    backgroundShare: 1,
    // Stripe has no merge of customers.
    merges: false,
    // docs.stripe.com/rate-limits
    rates: { account: livemode ? 100 : 25, endpoint: 25 },
  };
}

/** Without a key the SDK makes one up, and we could not send the request again under it. */
function requireKey(key: string): string {
  if (key === '' || key.length > 255) throw unsendable('an idempotency key has 1 to 255 characters');
  return key;
}
