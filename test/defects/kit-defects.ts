import type { Defect } from './defect.ts';

const scaffold = 'test/scaffold/new-integration.test.ts';
const otherSystem = 'test/lib/sync/other-system.test.ts';
const toyContract = 'test/lib/integrations/toy/contract.test.ts';

/** Mistakes about new integrations, and about systems other than Stripe. */
export const kitDefects: Defect[] = [
  {
    name: 'files of another integration overwritten by a new one',
    edits: [
      {
        file: 'cli/development/integration-names.ts',
        find: `if (taken.length > 0)`,
        replace: `if (taken.length > 9)`,
      },
    ],
    caughtBy: { file: scaffold, title: 'refuses what it cannot write' },
  },
  {
    name: 'a new integration that imports the files it is a copy of',
    edits: [
      {
        file: 'cli/development/integration-copy.ts',
        find: `relative(folder, moved.get(target) ?? target)`,
        replace: `relative(folder, target)`,
      },
    ],
    caughtBy: { file: scaffold, title: 'writes a second system whose tests pass' },
  },
  {
    name: 'a list of events that forgets its newest part',
    edits: [
      {
        file: 'lib/intake/sweep.ts',
        find: `sweptTo.getTime() - feed.overlapMs`,
        replace: `sweptTo.getTime() + feed.everyMs + feed.overlapMs`,
      },
    ],
    caughtBy: { file: toyContract, title: 'finds by the list of events what no webhook brought' },
  },
  {
    name: 'a value read by our name of a field at a system with names of its own',
    edits: [
      {
        file: 'lib/sync/values.ts',
        find: `fromExternal(rule, record[rule.external] ?? null)`,
        replace: `fromExternal(rule, record[rule.internal] ?? null)`,
      },
    ],
    caughtBy: { file: otherSystem, title: 'keep every law, with keys' },
  },
];
