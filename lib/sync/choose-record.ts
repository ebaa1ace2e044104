// Which of several records with one identity is the row's counterpart. Pure:
// lib/sync/record-activity.ts reads what it judges by.
//
// The rule, in this order: a living subscription; the latest activity; age, the older first. The
// creation of a record is no activity: else age would decide only between two records of one
// second. The id comes last, so that every machine chooses the same record.

/** What the choice is made by. */
export interface RecordActivity {
  externalId: string;
  /** Subscriptions that live; 0 also where the key may not read them. */
  subscriptions: number;
  /**
   * Its newest subscription, or the newest event about it that is not its creation and not an echo;
   * null: nothing is known.
   */
  activeAt: Date | null;
  createdAt: Date;
}

export type ChosenBy = 'subscription' | 'activity' | 'age';

export interface RecordChoice {
  externalId: string;
  /**
   * The other records, the next best first, each with the first part of the rule that separates it
   * from the chosen one.
   */
  over: { externalId: string; by: ChosenBy }[];
}

/**
 * The row's record among several; null if none is given. A record that is given twice counts once.
 */
export function chooseRecord(records: readonly RecordActivity[]): RecordChoice | null {
  const distinct = [...new Map(records.map((record) => [record.externalId, record])).values()];
  const [best, ...others] = distinct.toSorted(compare);
  if (!best) return null;
  return {
    externalId: best.externalId,
    over: others.map((other) => ({ externalId: other.externalId, by: separates(best, other) })),
  };
}

/** For people, to be read after the chosen record's id. */
export function saidOfChoice(by: ChosenBy): string {
  switch (by) {
    case 'subscription':
      return 'it has a living subscription';
    case 'activity':
      return 'it was active later';
    case 'age':
      return 'it is the older one';
  }
}

function compare(a: RecordActivity, b: RecordActivity): number {
  return (
    Number(b.subscriptions > 0) - Number(a.subscriptions > 0) ||
    time(b.activeAt) - time(a.activeAt) ||
    time(a.createdAt) - time(b.createdAt) ||
    (a.externalId < b.externalId ? -1 : 1)
  );
}

function separates(best: RecordActivity, other: RecordActivity): ChosenBy {
  if (best.subscriptions > 0 !== other.subscriptions > 0) return 'subscription';
  return time(best.activeAt) === time(other.activeAt) ? 'age' : 'activity';
}

function time(date: Date | null): number {
  return date === null ? 0 : date.getTime();
}
