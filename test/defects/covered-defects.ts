import type { Defect } from './defect.ts';

const caught = 'test/lib/sync/covered.test.ts';

/**
 * Mistakes that forget an unseen edit of theirs: no merge follows, and only the echo shows that
 * edit.
 */
export const coveredDefects: Defect[] = [
  {
    name: 'a covered edit forgotten once another record was chosen',
    edits: [
      {
        file: 'lib/sync/rungs/covered.ts',
        find: `!isInactive(s.mapping) && isLiving`,
        replace: `isLiving`,
      },
    ],
    caughtBy: { file: caught, title: 'though the record is an alias by then' },
  },
  {
    name: 'a covered edit forgotten where its pair ends with the echo in hand',
    edits: [
      {
        file: 'lib/sync/rungs/covered.ts',
        find: ` && isLiving && leavesBy`,
        replace: ` && leavesBy`,
      },
    ],
    caughtBy: { file: caught, title: 'its echo received before the end (detach)' },
  },
  {
    name: 'a covered edit forgotten where the record becomes a customer',
    edits: [
      {
        file: 'lib/sync/perform/import-row.ts',
        find: `conflictRows(step, [...covered, ...notTaken(shadow)], now, row.id)`,
        replace: `conflictRows(step, notTaken(shadow), now, row.id)`,
      },
    ],
    caughtBy: { file: caught, title: 'is kept as a conflict of the customer that it becomes' },
  },
  {
    name: 'a covered edit forgotten where a person names another record',
    edits: [
      {
        file: 'lib/sync/perform/replace.ts',
        find: `  await insertConflicts(tx, conflictRows(step, covered, now));\n`,
        replace: ``,
      },
    ],
    caughtBy: { file: caught, title: 'is kept as a conflict, once, where a person names another record' },
  },
];
