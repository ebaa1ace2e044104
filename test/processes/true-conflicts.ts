// Which edits of two sides truly met, told from what both sides showed and from nothing that the engine says of itself.

/** What a person set a field to. No two edits of one customer that differ set the same value. */
export interface TeamEdit {
  side: 'ours' | 'theirs';
  /** Before the first edit of a round both sides agreed, and everything was heard everywhere. */
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
 * Two edits of one field in one round, to different values, of which neither was made by somebody who could see the other: their
 * value did not stand in our row before ours, nor ours in their record before theirs. `here` and `there` are what each side showed,
 * oldest first.
 */
export function trueConflicts(
  edits: readonly TeamEdit[],
  here: readonly Values[],
  there: readonly Values[],
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
        return !stood(here, theirs, ours) && !stood(there, ours, theirs);
      })
      .map(({ value: theirs }): Meeting => ({ field, ours, theirs })),
  );
}
