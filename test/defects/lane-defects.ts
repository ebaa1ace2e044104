import type { Defect } from './defect.ts';

/** Mistakes by which one customer delays others, or is tried for ever. */
export const laneDefects: Defect[] = [
  {
    name: 'a damaged row worked on all the same',
    edits: [
      {
        file: 'lib/sync/rungs/damaged.ts',
        find: `  const damage = damageOf(mapping, fields);`,
        replace: `  const damage = damageOf({ ...mapping, externalId: 'any' }, fields);`,
      },
    ],
    caughtBy: {
      file: 'test/situations/bad-rows.test.ts',
      title: `no external id, though it is linked is parked and named`,
    },
  },
  {
    name: 'what breaks off tried for ever',
    edits: [
      {
        file: 'lib/sync/broken-off.ts',
        find: `if (!(await hasFailedTooLong(deps, breaking, now))) {`,
        replace: `if (breaking.attempts >= 0) {`,
      },
    ],
    caughtBy: {
      file: 'test/situations/bad-input.test.ts',
      title: `in its settle, always backs off, is parked after a day with the error named`,
    },
  },
  {
    name: 'a lane held up by what cannot be given back',
    edits: [
      { file: 'workers/lane.ts', find: `if (isDatabaseAway(error)) throw error;`, replace: `throw error;` },
    ],
    caughtBy: {
      file: 'test/situations/bad-input.test.ts',
      title: `and whose mapping cannot be released does not keep the lane from other pairs`,
    },
  },
];
