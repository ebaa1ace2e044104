import type { FieldRule } from '../../../lib/catalogue/document.ts';
import { plainField } from '../../../lib/catalogue/built-in.ts';

/** A two-way field as the customer document declares them, but for the changes. */
export function fieldRule(changes: Partial<FieldRule>): FieldRule {
  return {
    field: plainField(changes.internal ?? 'name', 'text'),
    internal: 'name',
    external: 'name',
    direction: 'both',
    conflict: 'internal_wins',
    onNull: 'keep',
    toExternal: [],
    toInternal: [],
    compare: ['exact'],
    fallback: [],
    maxLength: null,
    owner: null,
    ...changes,
  };
}
