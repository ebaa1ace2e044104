import type { Defect } from './defect.ts';

/**
 * Mistakes by which an import creates other customers than the file holds, or fewer than it
 * reports.
 */
export const importDefects: Defect[] = [
  {
    name: 'the order of rows kept by the email where another field is the identity',
    edits: [
      {
        file: 'lib/customers/import/import-rows.ts',
        find: `const value = values[identity ?? ''];`,
        replace: `const value = values[identity === null ? '' : 'email'];`,
      },
    ],
    caughtBy: {
      file: 'test/api/identity.test.ts',
      title: 'takes rows for the same by it, in their order, and says so',
    },
  },
  {
    name: 'a row with blanks behind a closing quote refused',
    edits: [
      {
        file: 'lib/customers/import/records.ts',
        find: `const next = skipBlanks(text, quote + 1);`,
        replace: `const next = quote + 1;`,
      },
    ],
    caughtBy: { file: 'test/lib/customers/import/files.test.ts', title: 'are read as they were generated' },
  },
  {
    name: 'a comment whose quote hides the rows behind it',
    edits: [
      {
        file: 'lib/customers/import/records.ts',
        find: `if (text[first] === '#' && !/\\d/.test(text[first + 1] ?? ''))`,
        replace: `if (text[first] === '#' && text.indexOf('"', first) === -1)`,
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/import/records.test.ts',
      title: 'is not led by a quote in a comment to hide the rows',
    },
  },
  {
    name: 'a row in which the file ends taken for whole',
    edits: [
      {
        file: 'lib/customers/import/rows.ts',
        find: `if (fields.length < width && !ended) {`,
        replace: `if (fields.length < (at.email ?? 0) && !ended) {`,
      },
    ],
    caughtBy: { file: 'test/lib/customers/import/rows.test.ts', title: 'a last row that the end of the file cuts' },
  },
  {
    name: 'a name changed to one that the file does not give',
    edits: [
      {
        file: 'lib/customers/import/import-rows.ts',
        find: `derived === undefined ? values : without(values, 'name')`,
        replace: `values`,
      },
    ],
    caughtBy: { file: 'test/lib/customers/import/written.test.ts', title: 'never replaces a name in our table' },
  },
  {
    name: 'rows counted as done when they are read',
    edits: [
      { file: 'lib/customers/import/import-rows.ts', find: `    done.bytes += row.bytes ?? 0;\n`, replace: `` },
      {
        file: 'lib/customers/import/import-rows.ts',
        find: `    summary.rows += 1;`,
        replace: `    summary.rows += 1;\n    done.bytes += row.bytes ?? 0;`,
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/import/written.test.ts',
      title: 'counts rows as done once they are in the database',
    },
  },
];
