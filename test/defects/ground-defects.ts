import type { Defect } from './defect.ts';

/** Mistakes about the database that somebody brings, and about the one row in it that is not like the others. */
export const groundDefects: Defect[] = [
  {
    name: 'a database taken whatever its encoding (ground)',
    edits: [
      {
        file: 'db/server/preflight.ts',
        find: `if (encoding === 'UTF8') return null;`,
        replace: `if (encoding !== '') return null;`,
      },
    ],
    caughtBy: {
      file: 'test/ground/preflight.test.ts',
      title: `names the encoding SQL_ASCII and how to make a database in UTF8`,
    },
  },
  {
    name: 'the rights of the role not checked (ground)',
    edits: [
      {
        file: 'db/server/preflight.ts',
        find: `if (mayCreate || `,
        replace: `if (mayCreate || schema !== '' || `,
      },
    ],
    caughtBy: {
      file: 'test/ground/preflight.test.ts',
      title: `names the role and the grant where the role may not make tables in its schema`,
    },
  },
  {
    name: 'a relay that one unreadable row stops (ground)',
    edits: [
      {
        file: 'relay/relay.ts',
        find: `if (!isOfOneRow(error)) throw error;\n      // One row`,
        replace: `if (error) throw error;\n      // One row`,
      },
    ],
    caughtBy: {
      file: 'test/ground/one-row.test.ts',
      title: `is parked by its name, and every other row goes out in its order`,
    },
  },
  {
    name: 'a batch kept back by one event that the database refuses (ground)',
    edits: [
      {
        file: 'lib/skipped.ts',
        find: `if (!isOfOneRow(error)) throw error;\n    const [alone]`,
        replace: `if (error) throw error;\n    const [alone]`,
      },
    ],
    caughtBy: {
      file: 'test/ground/one-row.test.ts',
      title: `of ours that the database refuses keeps none back`,
    },
  },
  {
    name: 'an event of theirs that cannot be stored, and whose record is not read (ground)',
    edits: [
      {
        file: 'lib/intake/inbound.ts',
        find: `if (externalId !== null) await askForRecord(deps, externalId, now);`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/ground/one-row.test.ts',
      title: `of Stripe’s that cannot be stored is refused by its reason and its record is read`,
    },
  },
];
