import type { Defect } from './defect.ts';

/** Mistakes with a database of unusual settings, and with one row that differs from all others. */
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
      title: `name the encoding SQL_ASCII and how to make a database in UTF8`,
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
      title: `name the role and the grant where the role may not make tables in its schema`,
    },
  },
  {
    name: 'a relay that one unreadable row stops (ground)',
    edits: [
      {
        file: 'relay/pages.ts',
        find: `if (!isOfOneRow(error)) throw error;`,
        replace: `if (error) throw error;`,
      },
    ],
    caughtBy: {
      file: 'test/ground/one-row.test.ts',
      title: `is parked with the reason, and every other row is published in its order`,
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
      title: `of ours that the database refuses delays no other`,
    },
  },
  {
    name: 'an event of theirs that cannot be stored, and whose record is not read (ground)',
    edits: [
      {
        file: 'lib/intake/inbound.ts',
        find: `if (externalId !== null) await askForRecord(deps, event, externalId);`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/ground/one-row.test.ts',
      title: `of Stripe’s that cannot be stored is refused with the reason and its record is read`,
    },
  },
];
