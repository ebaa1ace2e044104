import type { Defect } from './defect.ts';

const JOBS = 'test/lib/operations/replay-jobs.test.ts';

/** Mistakes in replays and in the closing of pairs. */
export const replayDefects: Defect[] = [
  {
    name: 'a pair of a replay judged before a worker was done with it',
    edits: [
      {
        file: 'db/replays/rounds.ts',
        find: `or m.clean >= i.dirty and (m.lease_until`,
        replace: `or m.clean >= 0 and (m.lease_until`,
      },
    ],
    caughtBy: { file: JOBS, title: `raises pairs at its rate, counts the results and finishes` },
  },
  {
    name: 'a pair that stays closed when it fails again',
    edits: [
      {
        file: 'db/mappings/closed-pairs.ts',
        find: `closed.mapping_id = \${mapping}.id and closed.dirty = \${mapping}.dirty`,
        replace: `closed.mapping_id = \${mapping}.id and closed.dirty <= \${mapping}.dirty`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/closing.test.ts',
      title: `is over when the pair gets an event and fails again: the group comes back under its name`,
    },
  },
  {
    name: 'a job begun from a plan that does not hold any more',
    edits: [
      {
        file: 'lib/operations/replay-jobs.ts',
        find: `if ((await hashNow(tx, plan.selection)) !== planHash)`,
        replace: `if ((await hashNow(tx, plan.selection)) === '')`,
      },
    ],
    caughtBy: {
      file: JOBS,
      title: `refuses a plan that does not hold any more, and says what came, left and changed`,
    },
  },
];
