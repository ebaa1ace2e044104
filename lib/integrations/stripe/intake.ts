// The parts that receive Stripe's events without ever calling Stripe: webhooks need no API key of
// the account.
import { AppError } from '../../errors.ts';
import { externalFields, type MappingDocument } from '../../catalogue/document.ts';
import type { InboundEvent, Ingress } from '../integration.ts';
import mapping from './customer.json' with { type: 'json' };
import { groupsOf, namesToRead, parseStripeDocument } from './document.ts';
import { isTagKey } from './owner-tag.ts';
import { createIngress, normalise } from './webhook.ts';

export interface StripeIntake {
  system: string;
  document: MappingDocument;
  ingress: Ingress;
  /** One event of the list; null if it is none. */
  readEvent(event: unknown): InboundEvent | null;
  /** The external fields that are read from a record. */
  names: string[];
}

/**
 * `tagKey`: the metadata key of this installation's owner tag; throws `config_invalid` for a key
 * that Stripe cannot store. The document is the built-in one unless another is given.
 */
export function createStripeIntake(
  tagKey: string,
  document: MappingDocument = parseStripeDocument(mapping),
): StripeIntake {
  if (!isTagKey(tagKey)) {
    throw new AppError('config_invalid', {
      detail: `"${tagKey}" cannot be the metadata key of our owner tag`,
    });
  }
  const names = namesToRead(document, externalFields(document));
  const mapped = document.fields.map((rule) => rule.external);
  // What an event says was there before is needed of all that a request of ours may carry.
  const carried = [...new Set([...mapped, ...groupsOf(document).flat()])];
  const settings = { names, carried, tagKey };
  return {
    ...{ system: 'stripe', document, names, ingress: createIngress(settings) },
    readEvent: (event) => normalise(event, settings),
  };
}
