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
    name: 'a promise taken for a configuration that says nothing',
    edits: [
      {
        file: 'lib/catalogue/plain-data.ts',
        find: `if (given instanceof Promise)`,
        replace: `if (given instanceof Promise) return null;\n  if (given instanceof WeakMap)`,
      },
    ],
    caughtBy: {
      file: 'test/lib/process/load-config.test.ts',
      title: 'do not take a promise for an empty configuration',
    },
  },
  {
    name: 'a link that leads nowhere taken for no configuration',
    edits: [
      {
        file: 'lib/config/config-file.ts',
        find: `NAMES.filter((name) => lstatSync(join(folder, name), { throwIfNoEntry: false }))`,
        replace: `NAMES.filter((name) => existsSync(join(folder, name)))`,
      },
    ],
    caughtBy: {
      file: 'test/lib/process/load-config.test.ts',
      title: 'do not take a link that leads nowhere for no file',
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
        find: `return await withFolderLock(dataDir, () => startLocked({ dataDir, log, databaseName, fsync, settings }));`,
        replace: `return await startLocked({ dataDir, log, databaseName, fsync, settings });`,
      },
    ],
    caughtBy: {
      file: 'test/cli/together.test.ts',
      title: 'a start waits for the stop of the last user',
    },
  },
];
