import type { Defect } from './defect.ts';

/**
 * Mistakes about aliases: each makes two customers of one, loses one, or uses an outdated choice.
 */
export const aliasDefects: Defect[] = [
  {
    name: 'a deletion there takes the customer along though another record of it lives',
    edits: [
      {
        file: 'lib/sync/rungs/record-deleted.ts',
        find: `  if (aliases.length > 0 && !isReleased(mapping))`,
        replace: `  if (aliases.length > 9 && !isReleased(mapping))`,
      },
    ],
    caughtBy: { file: 'test/lib/sync/alias.test.ts', title: 'stays and waits, and says for whom' },
  },
  {
    name: 'the owner tag of the old record still counts after another one was chosen',
    edits: [
      {
        file: 'lib/sync/rungs/unmatched-record.ts',
        find: `record.ownerTag === null || record.ownerTag === mapping.voidTag) return null;`,
        replace: `record.ownerTag === null) return null;`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/record-choice.test.ts',
      title: 'with an email of its own there it becomes a customer of its own',
    },
  },
  {
    name: 'what waits stays with the old record when another one is chosen',
    edits: [
      {
        file: 'db/mappings/writes/records.ts',
        find: `  await tx.raw(moveSql, { from: from.id, to: to.id });`,
        replace: `  await tx.raw(moveSql, { from: from.id, to: from.id });`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/record-choice.test.ts',
      title: 'sends what waits to the new record',
    },
  },
  {
    name: 'the older record is chosen, whatever subscription the other one has',
    edits: [
      {
        file: 'lib/sync/choose-record.ts',
        find: `    Number(b.subscriptions > 0) - Number(a.subscriptions > 0) ||
    time(b.activeAt)`,
        replace: `    time(b.activeAt)`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/choose-record.test.ts',
      title: 'takes the one with a living subscription',
    },
  },
];
