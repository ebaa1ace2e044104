import type { Defect } from './defect.ts';

/** Mistakes in what operators are told after a restore, by the doctor, and on pages. */
export const operationDefects: Defect[] = [
  {
    name: 'pairs of the original reported as differences of a copy',
    edits: [
      {
        file: 'lib/operations/comparison-judge.ts',
        find: `    if (pair.ended === 'copied') return;\n`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/situations/restored.test.ts',
      title: `is no difference in a copy of the database: its pair is the pair of the original`,
    },
  },
  {
    name: 'a page of error groups without the codes of the systems',
    edits: [
      {
        file: 'cli/development/error-groups-page.ts',
        find: `...systems.all.flatMap(`,
        replace: `...systems.all.slice(1).flatMap(`,
      },
    ],
    caughtBy: {
      file: 'test/docs/error-groups.test.ts',
      title: 'is as `make codes` writes it',
    },
  },
  {
    name: 'a failure of the key said to hold up one customer only',
    edits: [
      {
        file: 'lib/integrations/stripe/failure-codes.ts',
        find: `    cure: 'Set a valid STRIPE_SECRET_KEY and restart the workers.',\n    all: true,\n`,
        replace: `    cure: 'Set a valid STRIPE_SECRET_KEY and restart the workers.',\n`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/meanings.test.ts',
      title: `says of a code that it holds up every customer exactly if classify gives it for the system or the account`,
    },
  },
];
