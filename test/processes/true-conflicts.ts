// Finds the edits of two sides that truly conflict, only from what both sides showed and not from
// what the engine reports.

/** What a person set a field to. No two edits of one customer that differ set the same value. */
export interface TeamEdit {
  side: 'ours' | 'theirs';
  /** Before the first edit of a round both sides agreed, and each had received every event. */
  round: number;
  field: Field;
  value: string;
}

export type Field = 'name' | 'email';
export type Values = Record<Field, string | null>;

export interface Meeting {
  field: string | null;
  ours: string | null;
  theirs: string | null;
}

/**
 * Two edits of one field in one round, to different values, of which neither person could see the
 * other's value: their value was not in our row before our edit, nor our value in their record
 * before theirs. `oursShown` and `theirsShown` are each side's values, oldest first.
 */
export function trueConflicts(
  edits: readonly TeamEdit[],
  oursShown: readonly Values[],
  theirsShown: readonly Values[],
): Meeting[] {
  const ofSide = (side: TeamEdit['side']): TeamEdit[] => edits.filter((edit) => edit.side === side);
  return ofSide('ours').flatMap(({ round, field, value: ours }) =>
    ofSide('theirs')
      .filter((other) => other.round === round && other.field === field && other.value !== ours)
      .filter(({ value: theirs }) => {
        const stood = (shown: readonly Values[], first: string, then: string): boolean => {
          const places = shown.map((values) => values[field]);
          return places.includes(first) && places.indexOf(first) < places.indexOf(then);
        };
        return !stood(oursShown, theirs, ours) && !stood(theirsShown, ours, theirs);
      })
      .map(({ value: theirs }): Meeting => ({ field, ours, theirs })),
  );
}
