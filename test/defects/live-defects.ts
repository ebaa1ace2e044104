// Mistakes about streams of changes, and about what the command line loads and asks.
import type { Defect } from './defect.ts';

export const liveDefects: readonly Defect[] = [
  {
    name: 'a new follower put at the position of the others without its part of the window',
    edits: [
      {
        file: 'lib/customers/live-changes.ts',
        find: `  const end = await readWindow(reads, { ...follower.position, window }, (batch) => {
    void follower.take(batch);
  });`,
        replace: `  const end: Position | Ended = { ...follower.position, window };`,
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/live-changes.test.ts',
      title: 'miss nothing that is committed between the position of a new follower and its first round',
    },
  },
  {
    name: 'all followers that wait for one that joins',
    edits: [
      {
        file: 'lib/customers/live-changes.ts',
        find: `  const end = await readWindow(reads, { ...follower.position, window }, (batch) => {
    void follower.take(batch);
  });`,
        replace: `  const end = await readWindow(reads, { ...follower.position, window }, follower.take);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/live-changes.test.ts',
      title: 'come to the others while one that joins takes nothing',
    },
  },
  {
    name: 'a stream that asks for its key only at its beginning',
    edits: [
      {
        file: 'api/change-streams.ts',
        find: `        (allowed) => allowed || end('key_ended'),`,
        replace: `        () => undefined,`,
      },
    ],
    caughtBy: {
      file: 'test/api/changes.test.ts',
      title: 'ends when the key is revoked, and when it expires',
    },
  },
  {
    name: 'the file of every command loaded for the help',
    edits: [
      {
        file: 'cli/program.ts',
        find: `    if (name === wanted) await add(await contextOf(program, output, finish, registry));`,
        replace: `    if (name === wanted || wanted.startsWith('-'))\n      await add(await contextOf(program, output, finish, registry));`,
      },
    ],
    caughtBy: {
      file: 'test/cli/start.test.ts',
      title: 'is nothing but the parser for --help, and for a command that does not exist',
    },
  },
];
