import type { Defect } from './defect.ts';

const chain = 'test/lib/operations/audit-chain.test.ts';
const lanes = 'test/lib/operations/lanes.test.ts';

/** Mistakes about the record of operations and about pauses. */
export const controlDefects: Defect[] = [
  {
    name: 'the check of the record leaves out the pairs',
    edits: [
      {
        file: 'lib/operations/audit-chain.ts',
        find: `if (pairs?.count !== entry.pairCount || pairs.hash !== entry.pairsHash)`,
        replace: `if (pairs === undefined)`,
      },
    ],
    caughtBy: { file: chain, title: 'finds a pair less among the pairs of an entry' },
  },
  {
    name: 'retention removes entries that were changed',
    edits: [
      {
        file: 'db/audit.ts',
        find: `!fits || (at > 0`,
        replace: `(at > 0`,
      },
    ],
    caughtBy: {
      file: 'test/db/audit.test.ts',
      title: 'leaves a part that was changed, so that it can be examined',
    },
  },
  {
    name: 'a step notes that it waits for a pause that has ended',
    edits: [
      {
        file: 'lib/sync/settle/settle.ts',
        find: `if (await pauseHasEnded(tx, deps, outcome)) return 'resumed';`,
        replace: `await Promise.resolve();`,
      },
    ],
    caughtBy: {
      file: lanes,
      title: 'a pause that ends before the step notes that it waits leaves no pair waiting',
    },
  },
  {
    name: 'a worker takes the pair of a paused customer',
    edits: [
      {
        file: 'db/mappings/claims.ts',
        find: `and p.row_id = external_mappings.internal_id offset 0)`,
        replace: `and p.row_id = -external_mappings.internal_id offset 0)`,
      },
    ],
    caughtBy: {
      file: lanes,
      title: 'one customer: no worker takes its pair, whoever raises it, and all others flow',
    },
  },
];
