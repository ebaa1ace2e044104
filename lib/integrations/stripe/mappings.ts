// What a user's configuration can map at Stripe, and the documents that come of it.
import { documentIn, type Catalogue } from '../../catalogue/catalogue.ts';
import type { MappingDocument } from '../../catalogue/document.ts';
import type { SystemMappings } from '../../catalogue/system-mappings.ts';
import { fieldNamed } from './customer-fields.ts';
import mapping from './customer.json' with { type: 'json' };
import { findStripeProblems, parseStripeDocument } from './document.ts';

export const stripeMappings: SystemMappings = {
  label: 'Stripe',
  documents: () => ({ customer: parseStripeDocument(mapping) }),
  fieldOf: (_entity, external) => fieldNamed(external),
  findProblems: findStripeProblems,
};

/** The document of the customers of a catalogue. */
export function documentOf(catalogue: Catalogue): MappingDocument {
  return documentIn(catalogue, { system: 'stripe', entity: 'customer' }, () =>
    parseStripeDocument(mapping, catalogue.entities),
  );
}
