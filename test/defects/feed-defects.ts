import type { Defect } from './defect.ts';

const crash = 'test/lib/intake/follow-crash.test.ts';
const follow = 'test/lib/intake/follow.test.ts';
const kit = 'test/lib/integrations/toy/variants.test.ts';

/** Mistakes about feeds with a cursor, and about what they lose. */
export const feedDefects: Defect[] = [
  {
    name: 'a cursor stored before the events of its page',
    edits: [
      {
        file: 'lib/intake/follow.ts',
        find: `    const stored = await withTransaction(db, async (tx) => {`,
        replace: `    await withTransaction(db, (tx) => moveCursor(tx, deps, 0, move));
    move = { ...move, from: move.to };
    const stored = await withTransaction(db, async (tx) => {`,
      },
    ],
    caughtBy: { file: crash, title: 'in a page leaves nothing of it' },
  },
  {
    name: 'a page counted that was asked for by a cursor of before',
    edits: [
      {
        file: 'db/feed-cursors.ts',
        find: `where s.cursor is not distinct from :from\n`,
        replace: `where :from::text is null or true\n`,
      },
    ],
    caughtBy: { file: follow, title: 'counts no page of a worker that another one has overtaken' },
  },
  {
    name: 'a loss compared before there is a new cursor',
    edits: [
      {
        file: 'lib/operations/compare-lost.ts',
        find: ` && lostWhy !== null && cursor !== null`,
        replace: ` && lostWhy !== null && cursor !== undefined`,
      },
    ],
    caughtBy: { file: kit, title: 'compares every pair after a loss, and says so until the end' },
  },
  {
    name: 'a loss ended by a comparison that began before it',
    edits: [
      {
        file: 'db/feed-cursors.ts',
        find: `and account = :account and losses = :losses returning`,
        replace: `and account = :account and losses >= :losses returning`,
      },
    ],
    caughtBy: { file: follow, title: 'is compared again after a loss that came while the comparison ran' },
  },
];
