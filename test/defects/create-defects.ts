import type { Defect } from './defect.ts';

/** In what is believed about a create of unknown outcome. */
export const createDefects: readonly Defect[] = [
  {
    name: 'a record that another request made taken for what our create made',
    edits: [
      {
        file: 'lib/sync/rungs/unknown-create.ts',
        find: `event.after !== null && event.key !== intent.key;`,
        replace: `event.after !== null && event.key === '';`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/resolve-copies.test.ts',
      title: 'whose event says that another request did',
    },
  },
  {
    name: 'what our create sent held for what a copy of its owner tag bears',
    edits: [
      {
        file: 'lib/sync/perform/search-create.ts',
        find: `look !== inEvents && eventsCover(search)`,
        replace: `look === inEvents && eventsCover(search)`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/resolve-copies.test.ts',
      title: 'the two meet as for the first time',
    },
  },
];
