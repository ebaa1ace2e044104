import type { Defect } from './defect.ts';

const beforeCreate = 'test/lib/sync/before-create.test.ts';
const linkOutlook = 'test/lib/operations/link-outlook.test.ts';

/**
 * Mistakes at the first contact and before a create: each creates a record twice, or leaves a row
 * waiting for ever.
 */
export const contactDefects: Defect[] = [
  {
    name: 'a create that does not look at the system first',
    edits: [
      {
        file: 'lib/sync/rungs/same-identity.ts',
        find: `if (!s.findsByIdentity || !looksFirst(s))`,
        replace: `if (!s.findsByIdentity || looksFirst(s))`,
      },
    ],
    caughtBy: { file: beforeCreate, title: 'though no webhook has brought it' },
  },
  {
    name: 'an identity in the letters in which it was written',
    edits: [
      {
        file: 'lib/sync/identity.ts',
        find: `  return isVisible(tidy) ? fold(tidy) : null;`,
        replace: `  return isVisible(tidy) ? tidy : null;`,
      },
    ],
    caughtBy: { file: beforeCreate, title: 'once an event of it has come' },
  },
  {
    name: 'creates that do not wait until the account was read',
    edits: [
      {
        file: 'lib/sync/rungs/same-identity.ts',
        find: `  if (!isRead) return wait({ code: 'account_unread', detail: {} });`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/lib/intake/account-reading.test.ts',
      title: 'holds creates back until it is done',
    },
  },
  {
    name: 'a row that waits on when the record it waits for has another email',
    edits: [
      {
        file: 'lib/sync/perform/find-out.ts',
        find: `  if (hasMoved && purpose === 'match') await raise();`,
        replace: `  if (!hasMoved && purpose === 'match') await raise();`,
      },
    ],
    caughtBy: { file: beforeCreate, title: 'goes on by itself once the record has another email' },
  },
  {
    name: 'calls of a step stored again by its next settle',
    edits: [{ file: 'lib/sync/settle/settle.ts', find: `  step.attempts = [];`, replace: `` }],
    caughtBy: { file: 'test/lib/sync/first-link.test.ts', title: 'costs one read and one write' },
  },
  {
    name: 'the consent that there is no record, taken for one to make another all the same',
    edits: [
      {
        file: 'lib/sync/rungs/same-identity.ts',
        find: `|| isToBeAnew(mapping))`,
        replace: `|| mapping.consent !== null)`,
      },
    ],
    caughtBy: { file: beforeCreate, title: 'finds a record that came after' },
  },
  {
    name: 'a create that goes out late by the look that was made long before it',
    edits: [
      {
        file: 'lib/sync/rungs/open-intent.ts',
        find: `const LOOK_HOLDS_MS = 10_000;`,
        replace: `const LOOK_HOLDS_MS = 100_000_000;`,
      },
    ],
    caughtBy: { file: beforeCreate, title: 'looks again before a request goes out that could not be sent' },
  },
  {
    name: 'the record of a detached pair, forgotten',
    edits: [
      {
        file: 'lib/sync/left-record.ts',
        find: `  if (externalId === null || internalId === null || isGone(mapping) || damageOf(mapping) !== null) return;`,
        replace: `  if (externalId === null || internalId === null || !isGone(mapping) || damageOf(mapping) !== null) return;`,
      },
    ],
    caughtBy: { file: beforeCreate, title: 'makes no second record for that of a row that was let go' },
  },
  {
    name: 'rows made after the plan of a first link, held by it',
    edits: [
      {
        file: 'lib/operations/link-plan.ts',
        find: `await insertNotLinked(tx, where, some);`,
        replace: `await insertNotLinked(tx, where);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/first-link.test.ts',
      title: 'holds no row that was made after the plan',
    },
  },
  {
    name: 'a plan of a first link in which both records with one email become customers',
    edits: [
      {
        file: 'lib/operations/link-listing.ts',
        find: `else if (by) plan.aliases.push({ externalId, customer: null, by });`,
        replace: `else if (by) plan.imports.push(externalId);`,
      },
    ],
    caughtBy: { file: linkOutlook, title: 'the best of two records with one email' },
  },
  {
    name: 'of records with one email, one that waits for a person still comes before the others',
    edits: [
      {
        file: 'lib/sync/rungs/better-record.ts',
        find: `others.filter((id) => !atRest.some((holder) => holder.externalId === id))`,
        replace: `others.filter(() => atRest.length >= 0)`,
      },
    ],
    caughtBy: { file: linkOutlook, title: 'of which the best waits for a person' },
  },
  {
    name: 'second records of a row that was not received, asked for by no consent',
    edits: [
      {
        file: 'lib/operations/link-plan.ts',
        find: `...(seconds.get(null) ?? [])`,
        replace: `...(seconds.get(0) ?? [])`,
      },
    ],
    caughtBy: { file: linkOutlook, title: 'a row that no worker has received' },
  },
];
