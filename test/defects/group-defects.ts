import type { Defect } from './defect.ts';

const caught = 'test/lib/sync/groups.test.ts';

/** Mistakes about fields that a system takes only together, of which not all are ours. */
export const groupDefects: Defect[] = [
  {
    name: 'a field of a group sent without a read of the rest',
    edits: [
      {
        file: 'lib/sync/comparison.ts',
        find: `received(s).mustRead || movesGrouped(s)`,
        replace: `received(s).mustRead`,
      },
    ],
    caughtBy: { file: caught, title: 'is sent after one read of the record' },
  },
  {
    name: 'an edit of the rest of a group that our write covered forgotten',
    edits: [
      {
        file: 'lib/sync/received.ts',
        find: `else result.beside.push(edit);`,
        replace: ``,
      },
    ],
    caughtBy: { file: caught, title: 'puts an edit of the rest back that its write covered' },
  },
  {
    name: 'a covered edit of the rest of a group put back over a later edit',
    edits: [
      {
        file: 'lib/sync/groups.ts',
        find: `(held[edit.field] ?? null) === edit.sent;`,
        replace: `true;`,
      },
    ],
    caughtBy: { file: caught, title: 'leaves a later edit of the rest as it is' },
  },
  {
    name: 'the rest of a group not kept with its request',
    edits: [
      {
        file: 'lib/sync/perform/store-and-send.ts',
        find: `    ...besideIn(request),\n`,
        replace: ``,
      },
    ],
    caughtBy: { file: caught, title: 'puts an emptied part back as emptied' },
  },
  {
    name: 'a rule of ours let decide about an edit in which our row had no part',
    edits: [
      {
        file: 'lib/sync/merge.ts',
        find: `    isTheirsAlone || isRefused
`,
        replace: `    isRefused
`,
      },
    ],
    caughtBy: { file: caught, title: 'take an edit that the write of the other one covered' },
  },
];
