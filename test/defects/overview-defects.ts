import type { Defect } from './defect.ts';

/** Mistakes about the overview, the samples and previews. */
export const overviewDefects: Defect[] = [
  {
    name: 'a change that no worker has received counts as agreement',
    edits: [
      {
        file: 'db/health/overview.ts',
        find: `and d.target = s.system) is null\``,
        replace: `and d.target = s.system) is not null\``,
      },
    ],
    caughtBy: { file: 'test/api/overview.test.ts', title: 'puts every living customer into one place' },
  },
  {
    name: 'a minute that was missed is measured later',
    edits: [
      {
        file: 'lib/health/samples.ts',
        find: `      const minute = new Date(to - MINUTE_MS);`,
        replace: `      const minute = new Date(to - 2 * MINUTE_MS);`,
      },
    ],
    caughtBy: { file: 'test/lib/health/samples.test.ts', title: 'stay missing of a minute' },
  },
  {
    name: 'a preview of a reversal is kept',
    edits: [
      {
        file: 'lib/operations/conflict-preview.ts',
        find: `await tx.rollback();`,
        replace: `await tx.commit();`,
      },
    ],
    caughtBy: { file: 'test/api/conflicts.test.ts', title: 'says before what would be written where' },
  },
  {
    name: 'the overview remembers what was so before an act of an operator',
    edits: [
      {
        file: 'api/overview.ts',
        find: `res.once('close', memory.suspend());`,
        replace: `res.once('never', memory.suspend);`,
      },
    ],
    caughtBy: { file: 'test/api/overview.test.ts', title: 'shows at once what an operator has done here' },
  },
];
