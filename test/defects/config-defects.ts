import type { Defect } from './defect.ts';

/** Mistakes by which a setting, a question or a second command has an unintended effect. */
export const configDefects: Defect[] = [
  {
    name: 'a signing secret taken by its beginning alone',
    edits: [
      {
        file: 'lib/config/secret-forms.ts',
        find: 'const SIGNING_SECRET = /^whsec_[A-Za-z0-9+/=_-]+$/;',
        replace: 'const SIGNING_SECRET = /^whsec_.+$/s;',
      },
    ],
    caughtBy: { file: 'test/lib/config/secret-forms.test.ts', title: 'is refused: a quote at its end' },
  },
  {
    name: 'another program’s variable taken for a setting of ours',
    edits: [
      {
        file: 'lib/config/unknown.ts',
        find: `if (ours && (isStrict || name.startsWith('TWINBOX_')))`,
        replace: `if (ours && (isStrict || name.length > 0))`,
      },
    ],
    caughtBy: {
      file: 'test/lib/config/unknown.test.ts',
      title: 'do not stop a start where they belong to other programs',
    },
  },
  {
    name: 'consent by a line that was never finished',
    edits: [
      {
        file: 'cli/question.ts',
        find: `input.once('end', leave).once('error', leave).once('close', leave);`,
        replace: `input.once('error', leave).once('close', leave);`,
      },
    ],
    caughtBy: {
      file: 'test/cli/question.test.ts',
      title: 'is left without an answer by an input that ends behind a yes without Enter',
    },
  },
  {
    name: 'a database found running that its last user is about to stop',
    edits: [
      {
        file: 'cli/embedded/postgres.ts',
        find: `return await withFolderLock(dataDir, () => startLocked({ dataDir, log, databaseName, fsync }));`,
        replace: `return await startLocked({ dataDir, log, databaseName, fsync });`,
      },
    ],
    caughtBy: {
      file: 'test/cli/together.test.ts',
      title: 'a start waits for the stop of the last user',
    },
  },
];
