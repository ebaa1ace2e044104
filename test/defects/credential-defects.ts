import type { Defect } from './defect.ts';

const engine = 'test/lib/credentials/engine.test.ts';

/** Mistakes about credentials that are minted or rotate. */
export const credentialDefects: Defect[] = [
  {
    name: 'a credential renewed by every process that needs it',
    edits: [
      {
        file: 'db/credentials.ts',
        find: `  and (renewing_until is null or renewing_until <= clock_timestamp())\n`,
        replace: ``,
      },
    ],
    caughtBy: { file: engine, title: 'renews once where two processes need it at once' },
  },
  {
    name: 'a refused credential renewed without a look at the row',
    edits: [
      {
        file: 'lib/credentials/keeper.ts',
        find: `if (opened && row.version !== than && !isOver(row, now))`,
        replace: `if (opened && because !== 'refused' && row.version !== than && !isOver(row, now))`,
      },
    ],
    caughtBy: { file: engine, title: 'does not renew what another process has renewed' },
  },
  {
    name: 'an attempt used up while the account has to be connected again',
    edits: [
      {
        file: 'lib/limits/not-failed.ts',
        find: ` || code === RECONNECT`,
        replace: ``,
      },
    ],
    caughtBy: { file: engine, title: 'stops where it is refused for good' },
  },
  {
    name: 'an older renewal stored over a newer one',
    edits: [
      {
        file: 'db/credentials.ts',
        find: `and version < :number and begun >= :number`,
        replace: `and begun >= :number`,
      },
    ],
    caughtBy: { file: engine, title: 'is not replaced by what a frozen process brings late' },
  },
  {
    name: 'a secret in a log line that quotes the answer of a system',
    edits: [
      {
        file: 'lib/redact.ts',
        find: `safe = safe.replaceAll(secret, HIDDEN);`,
        replace: `safe = safe.replaceAll(\`\${secret}!\`, HIDDEN);`,
      },
    ],
    caughtBy: { file: engine, title: 'leaves out of a log line' },
  },
];
