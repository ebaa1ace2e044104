// Which fields a list can be filtered by.
import { filterNameProblem } from './config-names.ts';
import type { Field } from './entity.ts';

/** PostgreSQL refuses a row whose indexed text has more than 2,704 bytes, and a character has up to 4. */
const MAX_INDEXED = 600;

/** Why the field cannot be indexed; null if it can, or is not. */
export function indexedProblem({ name, type, indexed, maxLength }: Field): string | null {
  if (!indexed) return null;
  if (type === 'json')
    return 'a list cannot be filtered by a json field; put the value to filter by into a field of its own, with a column of its own';
  const isLong = maxLength === null || maxLength > MAX_INDEXED;
  if ((type === 'text' || type === 'email') && isLong)
    return `an indexed ${type} needs a maxLength of at most ${MAX_INDEXED}: PostgreSQL refuses a row with a longer indexed value`;
  return filterNameProblem(name);
}
