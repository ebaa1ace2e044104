// Mistakes about first links that are asked for through the API.
import type { Defect } from './defect.ts';

const TESTS = 'test/api/links.test.ts';

export const linkDefects: readonly Defect[] = [
  {
    name: 'consents stored although both sides have changed since the plan',
    edits: [
      {
        file: 'lib/operations/link-work.ts',
        find: '  if (hashOf(now) !== plan.hash) {',
        replace: '  if (hashOf(now) === plan.system) {',
      },
    ],
    caughtBy: {
      file: TESTS,
      title: 'stores nothing where another record came meanwhile, and says what has changed',
    },
  },
  {
    name: 'a plan taken although other customers wait',
    edits: [
      {
        file: 'lib/operations/asked-link.ts',
        find: '    if (waiting.digest !== plan.rowsDigest)',
        replace: '    if (waiting.digest === plan.system)',
      },
    ],
    caughtBy: {
      file: TESTS,
      title: 'is refused at once where other customers wait than when the plan was made',
    },
  },
  {
    name: 'consents recorded once more by the worker that goes on',
    edits: [
      {
        file: 'lib/operations/link-plan.ts',
        find: '      if (rows > 0)\n        await recordAction(tx, {',
        replace: '      await recordAction(tx, {',
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/link-kills.test.ts',
      title: 'after the consent leaves consents that are stored, counted and recorded once',
    },
  },
  {
    name: 'the decision about records that the plan has not shown',
    edits: [
      {
        file: 'lib/operations/link-work.ts',
        find: `    await decideShown(deps, undecidedIn(shown), {`,
        replace: `    await decideShown(deps, (await db('external_records').pluck('external_id')) as string[], {`,
      },
    ],
    caughtBy: {
      file: TESTS,
      title: 'decides about the records that it showed as the choice says, and about no other',
    },
  },
  {
    name: 'two workers at one plan',
    edits: [
      {
        file: 'lib/operations/link-work.ts',
        find: '  if ((await lease.take()) === null) return 0;',
        replace: '  await lease.take();',
      },
    ],
    caughtBy: {
      file: TESTS,
      title: 'lets a worker that lost its lease change nothing: another one has read both sides',
    },
  },
];
