import type { Defect } from './defect.ts';

const everyType = 'test/lib/sync/every-type.test.ts';
const change = 'test/db/entities/catalogue-change.test.ts';
const taken = 'test/db/entities/taken-clients.test.ts';
const flow = 'test/flows/own-fields.test.ts';
const indexes = 'test/db/entities/filter-indexes.test.ts';

/** Mistakes about own tables and fields: their types, their columns, and what a changed catalogue means. */
export const catalogueDefects: Defect[] = [
  {
    name: 'deleted rows missing among the rows of an entity',
    edits: [
      {
        file: 'db/entities/guards.ts',
        find: '  from ${tableOf(entity)} r`;',
        replace: '  from ${tableOf(entity)} r where r.deleted_at is null`;',
      },
    ],
    caughtBy: {
      file: 'test/db/entities/from-before.test.ts',
      title: 'guards every row, and lets the living and the deleted ones go on',
    },
  },
  {
    name: 'a decimal read with the digits of its column',
    edits: [
      {
        file: 'db/entities/column-types.ts',
        find: 'trunc(${column}, ${scale}) else ${column} end::text`',
        replace: '${column} else ${column} end::text`',
      },
    ],
    caughtBy: { file: taken, title: 'reads times and numbers in one form' },
  },
  {
    name: 'a decimal that loses its last digit',
    edits: [
      {
        file: 'lib/catalogue/decimal.ts',
        find: 'after.padEnd(scale',
        replace: 'after.slice(0, 1).padEnd(scale',
      },
    ],
    caughtBy: { file: everyType, title: 'keeps every digit of a decimal, both ways' },
  },
  {
    name: 'a field that is mapped anew keeps its old common value',
    edits: [
      {
        file: 'db/entities/catalogue-change.ts',
        find: `      continue;
    }
    change.forgotten.push({ system, entity, field });`,
        replace: `      continue;
    }`,
      },
    ],
    caughtBy: { file: change, title: 'forgets the common value of a field that is mapped anew' },
  },
  {
    name: 'a number in a shadow taken for damage',
    edits: [
      {
        file: 'lib/sync/damage.ts',
        find: 'return value !== undefined;',
        replace: `return value === null || typeof value === 'string';`,
      },
    ],
    caughtBy: { file: everyType, title: 'is emptied on the other side, both ways' },
  },
  {
    name: 'what a new row cannot take is not kept as a conflict',
    edits: [
      {
        file: 'lib/sync/row-for.ts',
        find: `isTaken ? undefined : 'cannot_take'`,
        replace: 'undefined',
      },
    ],
    caughtBy: { file: everyType, title: 'seats: a record that comes with the text "many" becomes a row' },
  },
  {
    name: 'a text of theirs taken into a field of another type',
    edits: [
      {
        file: 'lib/sync/merge.ts',
        find: 'if (!same(rule, our, value) && !canTake(rule, value)) {',
        replace: 'if (!same(rule, our, value) && !canTake(rule, value) && value === null) {',
      },
    ],
    caughtBy: { file: everyType, title: 'plan: the text "gold" there is never taken' },
  },
  {
    name: 'PUT leaves what it does not name',
    edits: [
      {
        file: 'lib/catalogue/row-checks.ts',
        find: '  return { ...Object.fromEntries(empty), ...values };',
        replace: '  return empty.length < 0 ? Object.fromEntries(empty) : values;',
      },
    ],
    caughtBy: { file: flow, title: 'own fields of the table customers, by the whole' },
  },
  {
    name: 'the index of the identity keeps the name of the table before',
    edits: [
      {
        file: 'db/entities/attach.ts',
        find: 'if (was !== null && was !== is)',
        replace: 'if (was !== null && was === is)',
      },
    ],
    caughtBy: { file: change, title: 'follows a table that its owner has renamed' },
  },
  {
    name: 'an index that was left unfinished taken for a finished one',
    edits: [
      {
        file: 'db/entities/filter-indexes.ts',
        find: 'if (!isValid || !isBtree) return false;',
        replace: 'if (!isBtree) return isValid && isBtree;',
      },
    ],
    caughtBy: { file: indexes, title: 'is made anew where a death has left it unfinished' },
  },
  {
    name: 'an index of the owner in another collation taken for one that answers a filter',
    edits: [
      {
        file: 'db/entities/filter-indexes.ts',
        find: 'return column === field.column && isOwnCollation;',
        replace: 'return column === field.column && isOwnCollation !== null;',
      },
    ],
    caughtBy: {
      file: indexes,
      title: 'is made beside an index of the owner that is sorted by another collation',
    },
  },
  {
    name: 'a filter by a time misses rows whose column has parts of a second',
    edits: [
      {
        file: 'db/entities/filters.ts',
        find: `if (field.type === 'timestamp') return`,
        replace: `if (field.type === 'timestamp' && !bound.startsWith(':')) return`,
      },
    ],
    caughtBy: {
      file: 'test/api/customers-filters.test.ts',
      title: 'finds a time whose column has parts of a second',
    },
  },
];
