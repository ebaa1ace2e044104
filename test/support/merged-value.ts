import type { Mapping } from '../../db/mappings/mappings.ts';
import type { Fields, Value } from '../../lib/catalogue/document.ts';
import type { Entity } from '../../lib/catalogue/entity.ts';

/** A value of a row as the engine merges it: in the place of the id of a row, that of its record. */
export function mergedValue(
  entity: Entity | undefined,
  mappings: readonly Pick<Mapping, 'internalId' | 'role' | 'externalId'>[],
): (row: { fields: Fields }, field: string) => Value {
  return ({ fields }, field) => {
    const value = fields[field] ?? null;
    const known = entity?.fields.find(({ name }) => name === field);
    if ((known?.references ?? null) === null) return value;
    const named = mappings.find(({ internalId, role }) => internalId === value && role === 'primary');
    return named?.externalId ?? null;
  };
}
