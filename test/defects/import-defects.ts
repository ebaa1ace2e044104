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
        file: 'lib/customers/import/check-row.ts',
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
    caughtBy: {
      file: 'test/lib/customers/import/rows.test.ts',
      title: 'a last row that the end of the file cuts',
    },
  },
  {
    name: 'a name changed to one that the file does not give',
    edits: [
      {
        file: 'lib/customers/import/write-row.ts',
        find: `derived === undefined ? values : without(values, 'name')`,
        replace: `values`,
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/import/written.test.ts',
      title: 'never replaces a name in our table',
    },
  },
  {
    name: 'rows counted as done when they are read',
    edits: [
      {
        file: 'lib/customers/import/import-rows.ts',
        find: `await onBatch?.(all, counts);`,
        replace: `void onBatch?.(all, counts);`,
      },
      {
        file: 'lib/customers/import/write-batch.ts',
        find: `if (deps.dryRun) throw new TakenBack(decided);`,
        replace: `if (deps.dryRun || decided.length > 0) throw new TakenBack(decided);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/import/written.test.ts',
      title: 'counts rows as done once they are in the database',
    },
  },
  {
    name: 'a dry run that is kept',
    edits: [
      {
        file: 'lib/customers/import/write-batch.ts',
        find: `if (deps.dryRun) throw new TakenBack(decided);`,
        replace: `if (deps.dryRun) return decided;`,
      },
    ],
    caughtBy: { file: 'test/api/import.test.ts', title: 'writes nothing in a dry run' },
  },
  {
    name: 'how far an import came stored after its batch',
    edits: [
      {
        file: 'lib/customers/import/write-batch.ts',
        find: `      await deps.store?.(tx, decided);\n`,
        replace: ``,
      },
      {
        file: 'lib/customers/import/write-batch.ts',
        find: `    await failpoint('import.batch-written');`,
        replace: `    await failpoint('import.batch-written');\n    await withTransaction(deps.db, async (tx) => deps.store?.(tx, outcomes));`,
      },
    ],
    caughtBy: {
      file: 'test/api/import-faults.test.ts',
      title: 'killed at import.batch-written leaves whole batches, and a repeat makes the rest once',
    },
  },
  {
    name: 'a rule that waits for the end of the transaction left to the whole batch',
    edits: [
      {
        file: 'lib/customers/import/write-batch.ts',
        find: `  await checkRulesAtOnce(tx);\n`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/api/import.test.ts',
      title: 'also one that is checked at the end of a transaction',
    },
  },
  {
    name: 'a body decompressed to its end after its import has stopped',
    edits: [
      {
        file: 'api/import-body.ts',
        find: `      reading.stopped = true;\n      req.unpipe();`,
        replace: `      if (req.complete) return;\n      req.unpipe();`,
      },
    ],
    caughtBy: {
      file: 'test/api/import-body.test.ts',
      title: 'is read and decompressed no further once it is thrown away',
    },
  },
  {
    name: 'a deeply nested line that ends the whole import',
    edits: [
      {
        file: 'lib/customers/import/ndjson.ts',
        find: `([, given]) => !isShallow(given)`,
        replace: `([, given]) => given === undefined`,
      },
    ],
    caughtBy: {
      file: 'test/api/import.test.ts',
      title: 'refuses the line alone whose value has very many levels, also with a key',
    },
  },
  {
    name: 'rows of a slow file that wait for more of it',
    edits: [
      {
        file: 'lib/customers/import/encoding.ts',
        find: `head.length < KIND_BYTES && !isPlainLine(head)`,
        replace: `head.length < KIND_BYTES && !isPlainLine(head.subarray(0, 4))`,
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/import/encoding.test.ts',
      title: 'gives a row of a file that comes slowly before more of the file has come',
    },
  },
  {
    name: 'a body of an import that is read in one turn',
    edits: [
      { file: 'api/import-body.ts', find: `const PIECE = 8_192;`, replace: `const PIECE = 8_192_000;` },
    ],
    caughtBy: {
      file: 'test/api/import-body.test.ts',
      title: 'lets other requests in while it is read, also if all of it has come',
    },
  },
];
