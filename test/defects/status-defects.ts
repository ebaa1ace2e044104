import type { Defect } from './defect.ts';

/** Mistakes by which a system reports that it is well while it is not, or the reverse. */
export const statusDefects: Defect[] = [
  {
    name: 'a role that fell silent taken for one that lives',
    edits: [
      {
        file: 'lib/health/role-signs.ts',
        find: `stoppedAt === null && ageMs < ALIVE_MS;`,
        replace: `stoppedAt === null;`,
      },
    ],
    caughtBy: {
      file: 'test/lib/health/roles.test.ts',
      title: `once three signs are late, and no sooner: worker ended without a notice`,
    },
  },
  {
    name: 'an API unready for what it does not need',
    edits: [
      {
        file: 'lib/health/readiness-report.ts',
        find: `gates === undefined || gates.includes(name)`,
        replace: `gates === undefined || gates.length > 0 || name === ''`,
      },
    ],
    caughtBy: {
      file: 'test/api/health.test.ts',
      title: `is unready only because of its database`,
    },
  },
  {
    name: 'a wrong webhook secret hidden by the sweep',
    edits: [{ file: 'api/webhooks.ts', find: `  tally?.refused(verdict.code);\n`, replace: `` }],
    caughtBy: {
      file: 'test/api/webhooks-health.test.ts',
      title: `warns of a wrong secret from the third refused delivery on`,
    },
  },
  {
    name: 'the reason of the first pause lost to the second',
    edits: [
      {
        file: 'db/connections.ts',
        find: `where system = :system and paused_at is null\``,
        replace: `where system = :system\``,
      },
    ],
    caughtBy: { file: 'test/workers/lane.test.ts', title: `keeps the time and the reason of a pause` },
  },
  {
    name: 'drift said of a pair that was linked while it was compared',
    edits: [
      {
        file: 'lib/operations/comparison-judge.ts',
        find: `  if (linked) return add(report, linked, 'pending', 'linked_meanwhile');`,
        replace: `  if (linked?.state === 'parked') return;`,
      },
      {
        file: 'lib/operations/comparison.ts',
        find: `    if (moves || linked || `,
        replace: `    if (moves || `,
      },
    ],
    caughtBy: {
      file: 'test/api/customer-sync.test.ts',
      title: `reads a pair again before it says that a record with our owner tag has no mapping`,
    },
  },
  {
    name: 'a replay without its record',
    edits: [
      {
        file: 'lib/operations/replay-jobs.ts',
        find: `job: job.id },`,
        replace: `pairs: [] },`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/operator-log.test.ts',
      title: `is kept with who, when and why, and covers what was parked`,
    },
  },
  {
    name: 'a status without what is parked, if no process runs',
    edits: [
      {
        file: 'cli/commands/status.ts',
        find: `          ...parkedWarnings(read.reasons),\n`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/cli/status.test.ts',
      title: `says what is parked, since when, and which command shows why`,
    },
  },
  {
    name: 'the text of a statement in the log of a stopped lane',
    edits: [
      {
        file: 'workers/stopped.ts',
        find: `if (isAppError(error) || error instanceof DbError)`,
        replace: `if (error instanceof Error)`,
      },
    ],
    caughtBy: {
      file: 'test/workers/stopped.test.ts',
      title: `has the code and the place of a refused statement, and neither its text nor a value`,
    },
  },
  {
    name: 'closed pairs counted as parked',
    edits: [
      {
        file: 'db/health/readiness.ts',
        find: `m.state = 'parked' and c.mapping_id is null`,
        replace: `m.state = 'parked'`,
      },
    ],
    caughtBy: {
      file: 'test/api/health.test.ts',
      title: `counts pairs that a person has closed by themselves`,
    },
  },
  {
    name: 'a pause of one direction that an API gets as one of the whole system',
    edits: [
      {
        file: 'cli/remote/remote-acts.ts',
        find: `...(direction && { direction }),`,
        replace: `...(direction && {}),`,
      },
    ],
    caughtBy: {
      file: 'test/cli/remote-acts.test.ts',
      title: `pauses and resumes, and shows the lanes and the traffic as on the database`,
    },
  },
];
