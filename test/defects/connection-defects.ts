import type { Defect } from './defect.ts';

/**
 * Mistakes with connections: sessions with other settings, useless sessions, or sessions of another
 * database.
 */
export const connectionDefects: Defect[] = [
  {
    name: 'two processes give one name to two statements',
    edits: [
      {
        file: 'db/server/prepared.ts',
        find: `name: nameOf(sql), ...`,
        replace: `name: \`twinbox_\${statements.size + 1}\`, ...`,
      },
    ],
    caughtBy: {
      file: 'test/db/server/prepared.test.ts',
      title: 'has a name that no other process gives to another text: a pooler may lend the session to both',
    },
  },
  {
    name: 'a read-only session goes back to the pool',
    edits: [
      {
        file: 'db/server/lost-sessions.ts',
        find: `const LOST = /^(08...|57P0.|25006|0A000)$/;`,
        replace: `const LOST = /^(08...|57P0.|0A000)$/;`,
      },
      {
        file: 'db/server/lost-sessions.ts',
        find: `    if (code === READ_ONLY) discardAll(open);`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/db/server/lost-sessions.test.ts',
      title: `closes them as well where the write was refused inside a transaction`,
    },
  },
  {
    name: 'only the session that was refused is thrown away',
    edits: [
      {
        file: 'db/server/lost-sessions.ts',
        find: `    if (code === READ_ONLY) discardAll(open);`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/db/server/lost-sessions.test.ts',
      title: `that were opened while the database was read-only closes all of them at the first write that is refused`,
    },
  },
  {
    name: 'DateStyle of the database',
    edits: [{ file: 'db/server/session.ts', find: `  ['DateStyle', 'ISO'],`, replace: `` }],
    caughtBy: { file: 'test/db/server/session.test.ts', title: `works the same under DateStyle = German` },
  },
  {
    name: 'a copy of the files is another name',
    edits: [
      {
        file: 'db/server/database-place.ts',
        find: `p.server_started_at = here.server_started_at or`,
        replace: `p.server_started_at is not null or`,
      },
    ],
    caughtBy: {
      file: 'test/db/server/database-place.test.ts',
      title: `is refused where it leads to a copy of the server’s files that was started elsewhere`,
    },
  },
  {
    name: 'a copy in the same cluster is another name',
    edits: [
      {
        file: 'db/server/database-place.ts',
        find: `join (\${hereSql}) here using (database_oid)\n  where`,
        replace: `cross join (\${hereSql}) here\n  where`,
      },
    ],
    caughtBy: {
      file: 'test/db/server/database-place.test.ts',
      title: `is refused where it leads to a copy within the same cluster`,
    },
  },
];
