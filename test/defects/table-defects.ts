import type { Defect } from './defect.ts';

const refuses = 'test/lib/sync/table-refuses.test.ts';
const forms = 'test/lib/sync/table-forms.test.ts';
const byHand = 'test/db/by-hand.test.ts';

/** Mistakes about the table's own rules and triggers, and about SQL by hand under savepoints. */
export const tableDefects: Defect[] = [
  {
    name: 'a domain that must be filled not noticed under a field that may be empty',
    edits: [
      {
        file: 'db/entities/found-table.ts',
        find: `'notNull', a.attnotnull or b.must,`,
        replace: `'notNull', a.attnotnull,`,
      },
    ],
    caughtBy: {
      file: 'test/db/entities/lost-columns.test.ts',
      title: 'is refused for an optional field whose column is of a domain that must be filled',
    },
  },
  {
    name: 'only the rules of the statement, not those of the commit',
    edits: [
      {
        file: 'lib/sync/perform/our-row.ts',
        find: `  if (table === null) throw error;`,
        replace: `  if (table === null || String(error).includes('COMMIT')) throw error;`,
      },
    ],
    caughtBy: { file: refuses, title: `by the rule's name (constraint trigger, deferred)` },
  },
  {
    name: 'the row is what was written, not what it has become',
    edits: [
      {
        file: 'lib/sync/table-forms.ts',
        find: `    if (rule === undefined || same(rule, value, own)) {`,
        replace: `    if (rule === undefined || same(rule, value, value)) {`,
      },
      {
        file: 'lib/sync/perform/pull.ts',
        find: `fields: became, version: changed.version }, reformed };`,
        replace: `fields: { ...became, ...plan.pull }, version: changed.version }, reformed };`,
      },
    ],
    caughtBy: { file: forms, title: 'goes back once, and the pair agrees' },
  },
  {
    name: 'a form of ours sent over theirs for ever',
    edits: [
      {
        file: 'lib/sync/table-forms.ts',
        find: `  return sent !== undefined && same(rule, sent.ours, own) && same(rule, sent.seen, their);`,
        replace: `  return sent !== undefined && same(rule, sent.ours, their) && same(rule, sent.seen, own);`,
      },
    ],
    caughtBy: { file: forms, title: 'two rules do not go on for ever' },
  },
  {
    name: 'a swallowed change taken for one that others were faster with',
    edits: [
      {
        file: 'lib/customers/customers.ts',
        find: `    const isUntouched = version === before;`,
        replace: `    const isUntouched = before !== null && version < before;`,
      },
    ],
    caughtBy: { file: 'test/api/row-refusal.test.ts', title: 'where a trigger returns null, and not 503' },
  },
  {
    name: 'a savepoint is another transaction',
    edits: [
      {
        file: 'db/migrations/0020-rules-of-the-table.sql',
        find: `  return pg_xact_status(`,
        replace: `  return own % 4294967296 = written::text::bigint and pg_xact_status(`,
      },
    ],
    caughtBy: { file: byHand, title: 'a block with an exception handler round the change alone' },
  },
];
