// Mistakes about texts and times: which locale, collation or zone decides.
import type { Defect } from './defect.ts';

export const textDefects: readonly Defect[] = [
  {
    name: 'emails folded by the locale of the database',
    edits: [
      {
        file: 'db/email-fold.ts',
        find: `  return \`lower(\${expression} collate "C")\`;`,
        replace: `  return \`lower(\${expression})\`;`,
      },
    ],
    caughtBy: {
      file: 'test/flows/locales.test.ts',
      title: 'in a database with the locale tr of ICU an email belongs to one customer',
    },
  },
  {
    name: 'identities folded by all of Unicode',
    edits: [
      {
        file: 'db/email-fold.ts',
        find: '  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());',
        replace: '  return text.toLowerCase();',
      },
    ],
    caughtBy: { file: 'test/db/email-fold.test.ts', title: 'changes A to Z and nothing else' },
  },
  {
    name: 'a collation asked whether a row has changed',
    edits: [
      {
        file: 'db/entities/row-statements.ts',
        find: ` and record_image_ne(\${rowOf(columns, 't')}, \${rowOf(columns, 'w')})`,
        replace: ` and \${rowOf(columns, 't')} is distinct from \${rowOf(columns, 'w')}`,
      },
    ],
    caughtBy: {
      file: 'test/flows/collations.test.ts',
      title: 'counts a rename by case, accents or blanks alone as a change, made by the API',
    },
  },
  {
    name: 'infinity handed on',
    edits: [{ file: 'db/server/connection.ts', find: '  [TIMESTAMPTZ, readTime],\n', replace: '' }],
    caughtBy: { file: 'test/db/server/times.test.ts', title: 'is listed, read, followed, changed' },
  },
  {
    name: 'the zone that is named is not taken',
    edits: [
      {
        file: 'db/server/time-zone.ts',
        find: `select set_config('TimeZone', :zone, true)`,
        replace: `select :zone::text`,
      },
    ],
    caughtBy: {
      file: 'test/db/server/times.test.ts',
      title: 'uses the zone that is named, in any case of letters',
    },
  },
];
