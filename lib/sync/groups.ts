// Fields that a system takes or replaces only together (`Integration.groups`). A request that has one
// field of a group carries the whole group: what we write of it and, beside that, what the record
// held when it was read. The integration says what belongs together; nothing here knows a field.
//
// An edit of theirs in what is carried beside is covered if it is made between the read and the
// write. The echo of the write shows it. No side of ours competes with such an edit, so it is put
// back: as a value of ours that is pulled where a field of ours is mapped to it (merge.ts), else by
// one more request. Either way a conflict row keeps it.
import type { EchoIntent } from '../../db/closed-intents.ts';
import type { FieldRule, Fields, Value } from '../catalogue/document.ts';
import type { Conflict } from './merge.ts';
import { oursUnmoved } from './shadow.ts';
import type { Situation } from './situation.ts';
import { oursOf } from './values.ts';

/** By external name, what a request carries beside our fields, and what the record held. */
export type Beside = Record<string, { ours: Value; seen: Value }>;

/** An edit of theirs, in a field that we do not push, which our write covered. */
export interface EditBeside {
  /** By its external name. */
  field: string;
  intentId: string;
  eventId: string;
  value: Value;
  sent: Value;
}

type Grouped = Pick<Situation, 'groups' | 'fields'>;

/** Whether a field of ours is written with others of the record. */
export function isGrouped({ groups, fields }: Grouped, field: string): boolean {
  return fields.some((rule) => rule.internal === field && hasGroup(groups, rule.external));
}

/** Whether our row says something new in a field that is written with others of the record. */
export function movesGrouped(s: Situation): boolean {
  const { row, mapping, fields, groups } = s;
  if (row === null || groups.length === 0) return false;
  const grouped = fields.filter(({ external }) => hasGroup(groups, external));
  if (mapping.parts > 0 && grouped.length > 0) return true;
  return !oursUnmoved(grouped, mapping.shadow, oursOf(fields, row));
}

/**
 * What is carried beside `pushed`, by our names, and `restored`, by theirs; undefined where nothing
 * of them belongs to a group. `held`: the record as it was read; null where it was not.
 */
export function besideOf(
  { groups, fields }: Grouped,
  { pushed, restored = {}, held }: { pushed: Fields; restored?: Fields; held: Fields | null },
): Beside | undefined {
  const ours = fields.flatMap(({ internal, external }) => (internal in pushed ? [external] : []));
  const written = new Set([...ours, ...Object.keys(restored)]);
  const touched = groups.filter((group) => group.some((name) => written.has(name))).flat();
  if (touched.length === 0 || held === null) return undefined;
  return Object.fromEntries(
    touched
      .filter((name) => !ours.includes(name))
      .map((name) => {
        const seen = held[name] ?? null;
        return [name, { ours: name in restored ? (restored[name] ?? null) : seen, seen }];
      }),
  );
}

/** What is written of it: values that differ from what the record held. */
export function restoredIn(beside: Beside = {}): Fields {
  const moved = Object.entries(beside).filter(([, { ours, seen }]) => ours !== seen);
  return Object.fromEntries(moved.map(([name, { ours }]) => [name, ours]));
}

/** Whatever is carried beside, by the value that is sent. */
export function sentBeside(beside: Beside): Fields {
  return Object.fromEntries(Object.entries(beside).map(([name, { ours }]) => [name, ours]));
}

/**
 * For each field that an echo's request carried beside: what the record held before it, if that is
 * not what had been read.
 */
export function coveredBeside(
  intent: Pick<EchoIntent, 'id' | 'beside'>,
  eventId: string,
  previous: Fields,
): (EditBeside & { seen: Value })[] {
  return Object.entries(intent.beside ?? {}).flatMap(([field, { ours: sent, seen }]) => {
    const stood = previous[field];
    if (stood === undefined || stood === seen) return [];
    return [{ field, intentId: intent.id, eventId, value: stood, sent, seen }];
  });
}

/** The rule of a field that may be pushed; an edit of any other field is only ever theirs. */
export function pushedRule(fields: FieldRule[], external: string): FieldRule | undefined {
  return fields.find((rule) => rule.external === external && rule.direction !== 'pull');
}

/**
 * Their edits that are put back, by external name, and a conflict for each edit. One after which the
 * record was edited once more is only kept: their latest edit stands.
 */
export function putBack(
  edits: readonly EditBeside[],
  held: Fields,
): { restored: Fields; conflicts: Conflict[] } {
  const restored: Fields = {};
  const conflicts = edits.map((edit): Conflict => {
    const isUntouched = (held[edit.field] ?? null) === edit.sent;
    if (isUntouched) restored[edit.field] = edit.value;
    return {
      ...conflictBeside(edit),
      ...(isUntouched ? { winner: 'theirs' } : { winner: 'neither', note: 'overtaken' }),
    };
  });
  return { restored, conflicts };
}

/** As it is kept where no merge follows that would put it back. */
export function conflictBeside({ field, intentId, eventId, value, sent }: EditBeside): Conflict {
  return {
    kind: 'overwritten_unseen',
    field,
    base: sent,
    ours: sent,
    theirs: value,
    rule: NOT_OURS,
    winner: 'ours',
    intentId,
    eventId,
  };
}

/** The rule of a conflict about a field that no field of ours is written to. */
export const NOT_OURS = 'not_mapped';

function hasGroup(groups: Situation['groups'], external: string): boolean {
  return groups.some((group) => group.includes(external));
}
