// What of the configuration a database knows: the tables of the entities, and which of their fields
// each system has.
import type { TableCatalogue } from '../../db/entities/catalogue-change.ts';
import type { Config } from '../config/config.ts';
import { systems, type Registry } from '../integrations/registry.ts';

export function tableCatalogueOf(config: Config, registry: Registry = systems): TableCatalogue {
  const { catalogue } = config;
  return {
    entities: Object.values(catalogue.entities),
    mappings: registry.enabled(config).map((system) => {
      const { entity, externalType, fields } = system.document(catalogue);
      return {
        system: system.name,
        entity,
        externalType,
        fields: Object.fromEntries(fields.map(({ internal, external }) => [internal, external])),
      };
    }),
  };
}
