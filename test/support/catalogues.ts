// The catalogue of a configuration, in the forms that tests need: the entity, the mapping document
// of Stripe, and what a database knows of both.
import type { TableCatalogue } from '../../db/entities/catalogue-change.ts';
import { parseConfig } from '../../lib/catalogue/catalogue.ts';
import type { UserConfig } from '../../lib/catalogue/define-config.ts';
import type { MappingDocument } from '../../lib/catalogue/document.ts';
import type { Entity } from '../../lib/catalogue/entity.ts';
import { systems } from '../../lib/integrations/registry.ts';
import { documentOf } from '../../lib/integrations/stripe/mappings.ts';
import { mappingsOf } from '../../lib/process/load-config.ts';

export interface OwnCatalogue {
  entity: Entity;
  document: MappingDocument;
  table: TableCatalogue;
}

export function ownCatalogue(config: UserConfig): OwnCatalogue {
  const catalogue = parseConfig(config, mappingsOf(systems));
  const entity = catalogue.entities['customer'];
  if (!entity) throw new Error('a catalogue always has customers');
  const document = documentOf(catalogue);
  const fields = Object.fromEntries(document.fields.map(({ internal, external }) => [internal, external]));
  return {
    entity,
    document,
    table: {
      entities: [entity],
      mappings: [{ system: 'stripe', entity: 'customer', externalType: 'customer', fields }],
    },
  };
}
