// A change of a row as JSON, with the fields of the row as members of their own: the same for the API and
// for commands.
import type { RowChange } from '../../db/events/customer-changes.ts';
import { encodePosition, type Position } from '../customers/change-position.ts';
import { without } from '../without.ts';

/** `position` stands after this change. */
export function changeJson(change: RowChange & { position: Position }): Record<string, unknown> {
  const { type, rowId: id, version, source } = change;
  const fields = without(change.fields, 'id');
  return {
    position: encodePosition(change.position),
    event_id: change.eventUuid,
    ...{ type, id, version },
    ...(type === 'deleted' ? Object.fromEntries(Object.keys(fields).map((name) => [name, null])) : fields),
    source,
    changed_at: change.changedAt.toISOString(),
  };
}
