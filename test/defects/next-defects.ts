import type { Defect } from './defect.ts';

const several = 'test/flows/several-requests.test.ts';

/** Mistakes about changes that need several requests, and about what a record refuses. */
export const nextDefects: Defect[] = [
  {
    name: 'our changes called applied after the first of several requests',
    edits: [
      {
        file: 'lib/sync/settle/answered-outcome.ts',
        find: `...(isPart ? [] : carriedBy(step, intent)),`,
        replace: `...carriedBy(step, intent),`,
      },
    ],
    caughtBy: { file: several, title: 'is sent request after request without a back-off' },
  },
  {
    name: 'a refused value that is never asked about again',
    edits: [
      {
        file: 'lib/sync/merge.ts',
        find: `base.reason === 'reformed' || base.reason === 'refused' ? our`,
        replace: `base.reason === 'reformed' ? our`,
      },
    ],
    caughtBy: { file: several, title: 'is sent once the record allows it' },
  },
  {
    name: 'a value that a record refuses, kept without a conflict',
    edits: [
      {
        file: 'lib/sync/next.ts',
        find: `conflicts: isKnown ? others : [...others, conflict],`,
        replace: `conflicts: conflict.kind === 'refused' ? others : [...others, conflict],`,
      },
    ],
    caughtBy: { file: several, title: 'that the record forbids is a conflict' },
  },
];
