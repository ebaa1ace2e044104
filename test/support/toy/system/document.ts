// The mapping document of Toy's people, checked whole.
import { parseDocument, type MappingDocument } from '../../../../lib/catalogue/document.ts';
import mapping from './customer.json' with { type: 'json' };

export const externalType = mapping.externalType;

export const readDocument = (): MappingDocument => parseDocument(mapping);
