import type { Defect } from './defect.ts';

/** Mistakes about conflicts and acts in the console. */
export const pairActDefects: Defect[] = [
  {
    name: 'a pause for a pair without a customer pauses the whole system',
    edits: [
      {
        file: 'console/pages/pair-acts.ts',
        find: `if (act === undefined || (kind === 'mappings' && !OF_PAIR.has(act))) return unknownPage();`,
        replace: `if (act === undefined) return unknownPage();`,
      },
    ],
    caughtBy: {
      file: 'test/console/pages/pair-acts.test.ts',
      title: 'never pauses a whole system for want of a customer',
    },
  },
  {
    name: 'a letter that looks like another one is not drawn',
    edits: [
      {
        file: 'console/characters.ts',
        find: `if (isCodeDrawn && `,
        replace: `if (!isCodeDrawn && `,
      },
    ],
    caughtBy: {
      file: 'test/console/characters.test.ts',
      title: 'have letters drawn with their codes that look like others',
    },
  },
  {
    name: 'a reversal forgets why',
    edits: [
      {
        file: 'api/conflicts.ts',
        find: `{ ...originOf(req, res), reason }`,
        replace: `{ ...originOf(req, res) }`,
      },
    ],
    caughtBy: { file: 'test/api/conflicts.test.ts', title: 'keeps the reason of whoever reverses' },
  },
];
