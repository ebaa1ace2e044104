// Mistakes about writes that are made once, by an Idempotency-Key.
import type { Defect } from './defect.ts';

const TESTS = 'test/api/idempotency.test.ts';

export const onceDefects: readonly Defect[] = [
  {
    name: 'an update that does not ask whether its key is free',
    edits: [
      {
        file: 'db/entities/row-statements.ts',
        find: `where b.id = :id\${andIsClaimed(how)} for update) locked`,
        replace: 'where b.id = :id for update) locked',
      },
    ],
    caughtBy: {
      file: TESTS,
      title: 'is refused with 422 for another body or another customer, and changes nothing',
    },
  },
  {
    name: 'a key of whoever sends it',
    edits: [
      {
        file: 'api/idempotency.ts',
        find: 'digest([holderOf(req), ',
        replace: `digest([holderOf(req) && '', `,
      },
    ],
    caughtBy: { file: TESTS, title: 'counts for one route and one holder' },
  },
  {
    name: 'the answer of a refused operation kept',
    edits: [
      {
        file: 'api/idempotency.ts',
        find: '        if (answer === null) return;\n        await keepAnswer(tx, { ...once, answer }',
        replace: '        await keepAnswer(tx, { ...once, answer: answer ?? {} }',
      },
    ],
    caughtBy: { file: 'test/api/idempotent-acts.test.ts', title: 'keeps nothing of a refused operation' },
  },
  {
    name: 'a kept answer that never grows old',
    edits: [
      {
        file: 'api/idempotency.ts',
        find: 'uuidLowerBound(clock.now().getTime() - KEPT_MS)',
        replace: 'uuidLowerBound(Math.min(0, clock.now().getTime() - KEPT_MS))',
      },
    ],
    caughtBy: { file: TESTS, title: 'is a new request after 24 hours, on both sides of midnight' },
  },
  {
    name: 'the group of a closing looked up before its key',
    edits: [
      {
        file: 'api/closings.ts',
        find: `const selection = (tx: Tx) => demandSelection(tx, words, of);`,
        replace: `const selection = await demandSelection(db, words, of);`,
      },
    ],
    caughtBy: {
      file: 'test/api/replays.test.ts',
      title: 'answers a repeat with a key as the first time, although the group has gone',
    },
  },
];
