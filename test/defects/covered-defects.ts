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
  {
    name: 'a covered edit forgotten where the events name no request',
    edits: [
      {
        file: 'lib/sync/perform/echoes.ts',
        find: `capabilities.updates !== 'none'`,
        replace: `capabilities.updates !== 'version'`,
      },
    ],
    caughtBy: { file: 'test/lib/sync/unnamed-echo.test.ts', title: 'is kept as one conflict' },
  },
  {
    name: 'an edit of theirs of another day taken for our echo',
    edits: [
      {
        file: 'lib/sync/unnamed-echo.ts',
        find: `isWithin(write, at) && saysWhatWasSent`,
        replace: `saysWhatWasSent`,
      },
      {
        file: 'db/closed-intents.ts',
        find: `i.closed_at >= :since::timestamptz`,
        replace: `i.closed_at >= :since::timestamptz - interval '90 days'`,
      },
    ],
    caughtBy: { file: 'test/lib/sync/unnamed-echo.test.ts', title: 'a day later' },
  },
  {
    name: 'a covered edit forgotten where events say only what the record holds',
    edits: [
      {
        file: 'lib/sync/received.ts',
        find: `result.unseen.push(...overwritten(`,
        replace: `void (() => overwritten(`,
      },
    ],
    caughtBy: { file: 'test/lib/sync/unnamed-echo.test.ts', title: 'is kept by its own event' },
  },
  {
    name: 'an edit that stands kept as one that our update covered',
    edits: [
      {
        file: 'lib/sync/merge.ts',
        find: `edit.isUnsure && same(rule, their, covered)`,
        replace: `edit.beside && same(rule, their, covered)`,
      },
    ],
    caughtBy: { file: 'test/lib/sync/unnamed-echo.test.ts', title: 'came after our update, and stands' },
  },
];
