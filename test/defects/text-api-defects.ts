// Mistakes about invisible characters, about proxies that change requests, and about followers of
// changes.
import type { Defect } from './defect.ts';

export const textApiDefects: readonly Defect[] = [
  {
    name: 'the document of the built-in catalogue answered where another one stands',
    edits: [
      {
        file: 'api/documents.ts',
        find: `openApiDocument(entity)`,
        replace: `(entity, openApiDocument())`,
      },
    ],
    caughtBy: {
      file: 'test/api/identity.test.ts',
      title: 'the API answers the document of its own catalogue',
    },
  },
  {
    name: 'a refused column named where the API has a field of another name',
    edits: [
      {
        file: 'api/row-refusal.ts',
        find: `pointer: \`/\${name}\``,
        replace: `pointer: \`/\${columns[0] ?? name}\``,
      },
    ],
    caughtBy: {
      file: 'test/api/identity.test.ts',
      title: 'names the field by the name of the API, not by the column',
    },
  },
  {
    name: 'a position that forgets who was running',
    edits: [
      {
        file: 'lib/customers/changes.ts',
        find: `    lateFloors: win.running.map(floorOf),`,
        replace: `    lateFloors: win.running.map(() => Math.max(floor, ...ripe.map(({ id }) => id))),`,
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/changes.test.ts',
      title: 'of a transaction that commits below ids already read come once it has committed',
    },
  },
  {
    name: 'the newest ended transaction taken for the next one',
    edits: [
      {
        file: 'db/events/customer-changes.ts',
        find: `b.base + age(b.base::text::xid8::xid) as next_xid`,
        replace: `b.base as next_xid`,
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/changes.test.ts',
      title:
        'of a transaction above xmax of the snapshot, with an id below all that was read, are not missed',
    },
  },
  {
    name: 'a window of an earlier answer taken for the end',
    edits: [
      {
        file: 'lib/customers/changes.ts',
        find: `    more: readTo !== null || window !== null,`,
        replace: `    more: readTo !== null,`,
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/changes-histories.test.ts',
      title:
        'come exactly once each, with rising versions, for every interleaving of transactions and readings',
    },
  },
  {
    name: 'keys compared as they are written',
    edits: [
      {
        file: 'lib/catalogue/repeated-key.ts',
        find: `          top.at = JSON.parse(text.slice(at, end + 1)) as string;`,
        replace: `          top.at = text.slice(at + 1, end);`,
      },
    ],
    caughtBy: {
      file: 'test/api/hostile-bodies.test.ts',
      title: 'refuses {"name":"first","n\\u0061me":"second","email":"a@b"} with 400',
    },
  },
  {
    name: 'line breaks of a name printed as they are',
    edits: [
      {
        file: 'cli/output.ts',
        find: `row.map((cell) => escapeUnseen(cell))`,
        replace: `row.map((cell) => escapeUnseen(cell, '\\n'))`,
      },
      {
        file: 'cli/output.ts',
        find: `print: (line = '') => write(stdout, \`\${escapeUnseen(line)}\\n\`),`,
        replace: `print: (line = '') => write(stdout, \`\${escapeUnseen(line, '\\n')}\\n\`),`,
      },
    ],
    caughtBy: {
      file: 'test/cli/output.test.ts',
      title: 'shows control and direction characters as escapes, in a pipe too',
    },
  },
  {
    name: 'a name of nothing visible taken from them',
    edits: [
      {
        file: 'lib/catalogue/field-types.ts',
        find: `return isVisible(text) ? text : null;`,
        replace: `return text === '' ? null : text;`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inbound-invisible.test.ts',
      title: 'does not overwrite ours, and the refused value is a conflict that a person finds',
    },
  },
];
