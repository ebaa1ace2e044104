import type { Defect } from './defect.ts';

const merged = 'test/lib/sync/merged-records.test.ts';
const creates = 'test/lib/sync/merged-creates.test.ts';
const rivals = 'test/lib/sync/rivals.test.ts';
const budgets = 'test/lib/limits/budgets.test.ts';

/**
 * Mistakes about records that are merged at the system, refusals that name another record, and what
 * answers say of a quota.
 */
export const mergedDefects: Defect[] = [
  {
    name: 'a merge taken for a deletion',
    edits: [
      {
        file: 'lib/sync/rungs/record-merged.ts',
        find: `  if (first === null) return null;`,
        replace: `  if (first !== mapping.externalId) return null;`,
      },
    ],
    caughtBy: { file: merged, title: 'deletes neither row' },
  },
  {
    name: 'a pair moved without what both sides agreed on',
    edits: [
      {
        file: 'lib/sync/settle/merged-outcomes.ts',
        find: `mustRead: true, madeRecord: false }`,
        replace: `mustRead: true, madeRecord: false, shadow: {} }`,
      },
    ],
    caughtBy: { file: merged, title: 'gives its pair to the winner' },
  },
  {
    name: 'a record that was merged away counts as a second one that lives',
    edits: [{ file: 'db/mappings/adopt.ts', find: ` and m.merged_into is null`, replace: `` }],
    caughtBy: { file: merged, title: 'is an alias of the row that has the winner' },
  },
  {
    name: 'a second create after the record of the first one was merged',
    edits: [
      {
        file: 'lib/sync/rungs/same-identity.ts',
        find: `capabilities.merges && mapping.intentNumber > 0`,
        replace: `capabilities.merges && mapping.intentNumber > 99`,
      },
    ],
    caughtBy: { file: creates, title: 'is not sent again before its row is looked for' },
  },
  {
    name: 'a refusal that names a record is parked like any other',
    edits: [
      {
        file: 'lib/sync/rungs/answered.ts',
        find: `failure.existing.length > 0`,
        replace: `failure.existing.length > 99`,
      },
    ],
    caughtBy: { file: rivals, title: 'waits for a consent to the record that the refusal names' },
  },
  {
    name: 'background work goes on to the end of the quota',
    edits: [
      {
        file: 'lib/limits/budgets.ts',
        find: `used >= limit * backgroundShare;`,
        replace: `used > limit;`,
      },
    ],
    caughtBy: { file: budgets, title: 'pauses sweeps, the first reading and comparisons' },
  },
];
