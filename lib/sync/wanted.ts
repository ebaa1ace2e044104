// Whether a system is to have a row: the condition of its mapping (docs/catalogue.md). The answer is
// taken from the row as it was loaded, so a condition that was changed counts from the next step of
// each pair.
import type { Mapping } from '../../db/mappings/mappings.ts';
import { holds, type Condition } from '../catalogue/condition.ts';
import type { Entity } from '../catalogue/entity.ts';
import { canonical } from '../catalogue/field-types.ts';
import type { Fields } from '../catalogue/document.ts';
import type { Situation } from './situation.ts';

/** Whether the system is to have a row with these values. */
export function isWanted(condition: Condition | null, { fields }: Entity, values: Fields): boolean {
  if (condition === null) return true;
  const field = fields.find(({ name }) => name === condition.when.field);
  const value = values[condition.when.field] ?? null;
  return holds(condition, { [condition.when.field]: field ? canonical(value, field) : value });
}

/** The field because of which the system is not to have the row; null if it is to have it. */
export function unwantedBy({
  condition,
  entity,
  row,
}: Pick<Situation, 'condition' | 'entity' | 'row'>): string | null {
  if (condition === null || row === null || isWanted(condition, entity, row.fields)) return null;
  return condition.when.field;
}

/** As `unwantedBy`, of a row that lives. */
export function leavesBy(s: Pick<Situation, 'condition' | 'entity' | 'row'>): string | null {
  return s.row?.deletedAt === null ? unwantedBy(s) : null;
}

/** The last step found that the system is not to have the row. */
export function wasUnwanted({ reason }: Pick<Mapping, 'reason'>): boolean {
  return reason?.code === 'not_wanted';
}
