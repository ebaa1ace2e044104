import type { Defect } from './defect.ts';

const beforeCreate = 'test/lib/sync/before-create.test.ts';

/** Mistakes at the first contact and before a create: each makes a record twice, or lets a row wait for ever. */
export const contactDefects: Defect[] = [
  {
    name: 'a create that does not look at the system first',
    edits: [
      {
        file: 'lib/sync/before-create.ts',
        find: `  if (!find || !deps.policy.looksBeforeCreate) return { records: [] };`,
        replace: `  if (!find || deps.policy.looksBeforeCreate) return { records: [] };`,
      },
    ],
    caughtBy: { file: beforeCreate, title: 'though no webhook has brought it' },
  },
  {
    name: 'an identity in the letters in which it was written',
    edits: [
      {
        file: 'lib/sync/identity.ts',
        find: `  return canonical(email)?.toLowerCase() ?? null;`,
        replace: `  return canonical(email);`,
      },
    ],
    caughtBy: { file: beforeCreate, title: 'once an event of it has come' },
  },
  {
    name: 'creates that do not wait until the account was read',
    edits: [
      {
        file: 'lib/sync/before-create.ts',
        find: `  if (!known.isRead) return wait(deps, step, ACCOUNT_UNREAD, {});`,
        replace: ``,
      },
    ],
    caughtBy: { file: 'test/lib/sync/account-reading.test.ts', title: 'lets creates wait until it is done' },
  },
  {
    name: 'a row that waits on when the record it waits for has another email',
    edits: [
      {
        file: 'lib/sync/adopt.ts',
        find: `    if (await keepRecords(deps.db, mapping, [kept]))
      await raiseAwaiting(`,
        replace: `    if (!(await keepRecords(deps.db, mapping, [kept])))
      await raiseAwaiting(`,
      },
    ],
    caughtBy: { file: beforeCreate, title: 'goes on by itself once the record has another email' },
  },
  {
    name: 'calls of a step stored again by its next settle',
    edits: [{ file: 'lib/sync/settle.ts', find: `  step.attempts = [];`, replace: `` }],
    caughtBy: { file: 'test/lib/sync/first-link.test.ts', title: 'costs one read and one write' },
  },
];
