import type { Defect } from './defect.ts';

/** Mistakes where a broker or a database is shared by processes with different settings. */
export const kafkaDefects: Defect[] = [
  {
    name: 'records parked because this machine’s clock is wrong',
    edits: [
      {
        file: 'lib/bus/kafka/faults.ts',
        find: `  'INVALID_RECORD',\n`,
        replace: `  'INVALID_RECORD', 'INVALID_TIMESTAMP',\n`,
      },
    ],
    caughtBy: {
      file: 'test/lib/bus/kafka/faults.test.ts',
      title: 'is a wrong clock, and no bad record, where the broker refuses the time of sending',
    },
  },
  {
    name: 'another installation’s events taken for ours',
    edits: [
      {
        file: 'workers/receiver.ts',
        find: `return installation !== null && installation !== own;`,
        replace: `return installation !== null && installation === '' && own !== '';`,
      },
    ],
    caughtBy: {
      file: 'test/workers/refused-records.test.ts',
      title: 'is refused when another installation names itself',
    },
  },
  {
    name: 'worker taking up again what it may not do',
    edits: [
      {
        file: 'db/mappings/claims.ts',
        find: `      and not (state = 'waiting' and coalesce(reason, '') = any(:leaves::text[]))`,
        replace: `      and (:leaves::text[] is not null)`,
      },
    ],
    caughtBy: { file: 'test/workers/neighbours.test.ts', title: 'does not take it again' },
  },
  {
    name: 'what a neighbour left looked for no more once it has gone',
    edits: [
      {
        file: 'workers/neighbours.ts',
        find: `if (!now && !helped.includes(reason)) continue;`,
        replace: `if (!now) continue;`,
      },
    ],
    caughtBy: {
      file: 'test/workers/neighbours.test.ts',
      title: 'has its last work taken over once more when it ends',
    },
  },
  {
    name: 'prefix left out of the bus’s identity',
    edits: [
      {
        file: 'lib/bus/kafka/kafka.ts',
        find: `const suffix = prefix === ''`,
        replace: `const suffix = prefix !== 'none'`,
      },
    ],
    caughtBy: { file: 'test/kafka/installations.test.ts', title: 'a bus of their own with a prefix' },
  },
  {
    name: 'consumer reading on although it could not join its group again',
    edits: [
      {
        file: 'lib/bus/kafka/rejoining.ts',
        find: `      outside.add(this);
`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/kafka/rejoining.test.ts',
      title: 'if the answer that names them is lost',
    },
  },
  {
    name: 'offset of a forgotten member committed over a newer one',
    edits: [
      {
        file: 'lib/bus/kafka/committer.ts',
        find: `if (memberId !== member || `,
        replace: `if (memberId === 'none' || `,
      },
    ],
    caughtBy: { file: 'test/kafka/rejoining.test.ts', title: 'does not put back what another member' },
  },
];
