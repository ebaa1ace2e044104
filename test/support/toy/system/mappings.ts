// What a user's configuration can map at Toy, and the documents that come of it.
import { documentIn, type Catalogue } from '../../../../lib/catalogue/catalogue.ts';
import type { MappingDocument } from '../../../../lib/catalogue/document.ts';
import type { SystemMappings } from '../../../../lib/catalogue/system-mappings.ts';
import { builtInDocument, findToyProblems } from './document.ts';
import { fieldNamed } from './fields.ts';

export const toyMappings: SystemMappings = {
  label: 'Toy',
  documents: () => ({ customer: builtInDocument() }),
  fieldOf(_entity, external) {
    const known = fieldNamed(external);
    // Toy takes each field by itself.
    return known && { maxLength: known.maxLength, group: null };
  },
  findProblems: findToyProblems,
};

/** The document of the customers of a catalogue. */
export function documentOf(catalogue: Catalogue): MappingDocument {
  return documentIn(catalogue, { system: 'toy', entity: 'customer' }, () =>
    builtInDocument(catalogue.entities),
  );
}
