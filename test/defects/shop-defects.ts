import type { Defect } from './defect.ts';

/** Mistakes that only a system with several kinds of records shows. */
export const shopDefects: Defect[] = [
  {
    name: 'the sweep takes every event as one about the first kind',
    edits: [
      {
        file: 'lib/intake/feed-page.ts',
        find: `retentionDays, ...(kinds && { kinds }) };`,
        replace: `retentionDays };`,
      },
    ],
    caughtBy: { file: 'test/lib/intake/sweep-kinds.test.ts', title: 'to the row of that order' },
  },
  {
    name: 'a new record that names one without a row is imported again and again',
    edits: [
      {
        file: 'lib/sync/rungs/unmatched-record.ts',
        find: `return reference(s) ?? place(`,
        replace: `return place(`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/unmatched-reference.test.ts',
      title: 'waits while the named record has no row',
    },
  },
  {
    name: 'any text in a reference field becomes a pair of its own',
    edits: [
      {
        file: 'lib/sync/rungs/reference.ts',
        find: `const notes: Note[] = isThere ?`,
        replace: `const notes: Note[] = answer !== null ?`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/named-records.test.ts',
      title: 'that is a record that is not there leaves its pair waiting with the reason, and no other pair',
    },
  },
  {
    name: 'the field by which a row names itself is forgotten once the record is made',
    edits: [
      {
        file: 'lib/sync/rungs/create.ts',
        find: ` || s.namesItself === true`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/named-records.test.ts',
      title: 'gets its record first, and the field by a second request',
    },
  },
];
