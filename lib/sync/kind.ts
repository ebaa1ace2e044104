import type { Entity } from '../catalogue/entity.ts';
import type { Integration } from '../integrations/integration.ts';

/** One kind of records of a system: our rows, and how their records are read and written. */
export interface Kind {
  entity: Entity;
  integration: Integration;
}

/** Whether a row of some kind can name a row of the entity. */
export function isReferredTo({ entity, kinds = [] }: { entity: Entity; kinds?: readonly Kind[] }): boolean {
  return [entity, ...kinds.map((kind) => kind.entity)].some(({ fields }) =>
    fields.some(({ references }) => references === entity.name),
  );
}
