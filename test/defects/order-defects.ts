import type { Defect } from './defect.ts';

const order = 'test/workers/order.test.ts';

/** Mistakes by which urgent work waits for other work, or other work waits for it for ever. */
export const orderDefects: Defect[] = [
  {
    name: 'imported rows as urgent as single ones',
    edits: [
      {
        file: 'lib/customers/import/import-rows.ts',
        find: `{ ...deps.origin.context, bulk: true }`,
        replace: `{ ...deps.origin.context }`,
      },
    ],
    caughtBy: { file: 'test/lib/customers/import/written.test.ts', title: 'writes every event as bulk' },
  },
  {
    name: 'the oldest of all classes first',
    edits: [
      {
        file: 'db/mappings/claims.ts',
        find: `order by late, urgency, next_attempt_at, id limit :limit`,
        replace: `order by late, next_attempt_at, id limit :limit`,
      },
    ],
    caughtBy: { file: order, title: 'takes edits, then rows, then bulk, then housekeeping' },
  },
  {
    name: 'less urgent classes that wait for ever',
    edits: [
      {
        file: 'workers/room.ts',
        find: `longest: Math.floor((use.sinceLongest + limit) / LONGEST_EVERY),`,
        replace: `longest: 0,`,
      },
    ],
    caughtBy: { file: order, title: 'leaves no class behind for ever while edits never end' },
  },
  {
    name: 'an edit in the class of the import that brought its row',
    edits: [
      {
        file: 'db/urgency.ts',
        find: 'else least(m.urgency,',
        replace: 'else greatest(m.urgency,',
      },
    ],
    caughtBy: {
      file: order,
      title: 'of a waiting imported row rises with an edit',
    },
  },
];
