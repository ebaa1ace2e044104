import type { Defect } from './defect.ts';

const JOBS = 'test/lib/operations/replay-jobs.test.ts';
const PAUSES = 'test/lib/operations/replay-pauses.test.ts';

/** Mistakes in replays and in the closing of pairs. */
export const replayDefects: Defect[] = [
  {
    name: 'a pair of a replay judged before a worker was done with it',
    edits: [
      {
        file: 'db/replays/rounds.ts',
        find: `or m.clean >= i.dirty and (m.lease_until`,
        replace: `or m.clean >= 0 and (m.lease_until`,
      },
    ],
    caughtBy: { file: JOBS, title: `raises pairs at its rate, counts the results and finishes` },
  },
  {
    name: 'a pair that stays closed when it fails again',
    edits: [
      {
        file: 'db/mappings/closed-pairs.ts',
        find: `closed.mapping_id = \${mapping}.id and closed.dirty = \${mapping}.dirty`,
        replace: `closed.mapping_id = \${mapping}.id and closed.dirty <= \${mapping}.dirty`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/closing.test.ts',
      title: `is over when the pair gets an event and fails again: the group comes back under its name`,
    },
  },
  {
    name: 'a pair that a person has closed in a replay of what is parked',
    edits: [
      {
        file: 'lib/operations/selection-words.ts',
        find: `(ids !== null || customer !== undefined ? null : false)`,
        replace: `null`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/closing.test.ts',
      title: `leaves the pair out of replays that do not name it`,
    },
  },
  {
    name: 'a job begun from a plan that does not hold any more',
    edits: [
      {
        file: 'lib/operations/replay-jobs.ts',
        find: `if ((await hashNow(tx, plan.selection)) !== planHash)`,
        replace: `if ((await hashNow(tx, plan.selection)) === '')`,
      },
    ],
    caughtBy: {
      file: JOBS,
      title: `refuses a plan that does not hold any more, and says what came, left and changed`,
    },
  },
  {
    name: 'pairs of paused customers that keep a whole replay waiting',
    edits: [
      {
        file: 'lib/operations/replay-round.ts',
        find: `inHand >= mostInHand(job.rate) ? await countHeld(tx, id) : 0;`,
        replace: `inHand < 0 ? await countHeld(tx, id) : 0;`,
      },
    ],
    caughtBy: {
      file: JOBS,
      title: `goes on past pairs of paused customers, and a cancel gives them to another replay`,
    },
  },
  {
    name: 'an entry of the record with a number below its head',
    edits: [
      {
        file: 'db/operator-actions.ts',
        find: `greatest(nextval(pg_get_serial_sequence('operator_actions', 'id')), h.id + 1)`,
        replace: `nextval(pg_get_serial_sequence('operator_actions', 'id'))`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/audit-chain.test.ts',
      title: `goes on behind its newest entry where a restore has put the sequence below it`,
    },
  },
  {
    name: 'a pair that waits for its turn in a replay counted as settled',
    edits: [
      {
        file: 'db/mappings/results.ts',
        find: `i.mapping_id = m.id and i.state = 'queued'`,
        replace: `i.mapping_id = m.id and i.state = 'lost'`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/results.test.ts',
      title: `has no result yet for a pair that waits for its turn in a replay`,
    },
  },
  {
    name: 'a wrong argument answered without the usage of its command',
    edits: [
      {
        file: 'cli/program.ts',
        find: `if (path.length === 0 || command.commands.length > 0) return;`,
        replace: `if (path.length >= 0 || command.commands.length > 0) return;`,
      },
    ],
    caughtBy: {
      file: 'test/cli/arguments.test.ts',
      title: `refuses the invalid call "twinbox timeline 42" with status 2 and without a stack trace`,
    },
  },
  {
    name: 'a pair of a replay that fails because its direction is paused',
    edits: [
      {
        file: 'db/replays/rounds.ts',
        find: `         and not \${waitsForPauseSql('m')})`,
        replace: `         )`,
      },
    ],
    caughtBy: {
      file: PAUSES,
      title: `counts no pair as failed that waits for the end of a pause, and counts it when the pause has ended`,
    },
  },
  {
    name: 'a replay that stands still as long as a clock was ahead',
    edits: [
      {
        file: 'lib/operations/replay-round.ts',
        find: `pacedAt.getTime() > now.getTime() + MAKES_UP_MS ? now.getTime() : pacedAt.getTime()`,
        replace: `pacedAt.getTime()`,
      },
    ],
    caughtBy: { file: PAUSES, title: `goes on at once where the clock of an earlier round was ahead` },
  },
];
