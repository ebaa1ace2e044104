import type { Defect } from './defect.ts';

const changes = 'db/mappings/writes/state-change.ts';
const lost = 'test/lib/sync/lost-decisions.test.ts';

/** Mistakes in what becomes of a pair's state, and of what people have said about it. */
export const stateDefects: Defect[] = [
  {
    name: 'a pair that was let go, taken back by a decision that cannot be carried out',
    edits: [
      {
        file: changes,
        find: `    ending === null
      ? {`,
        replace: `    ending?.kind !== 'tombstoned'
      ? {`,
      },
    ],
    caughtBy: { file: lost, title: 'stays so when another record could not be taken' },
  },
  {
    name: 'a release that outlives the delete that it was for',
    edits: [
      {
        file: changes,
        find: `const isOver = lives && decision?.kind === 'release';`,
        replace: `const isOver = !lives && decision?.kind === 'release';`,
      },
    ],
    caughtBy: { file: lost, title: 'is no release any more once the record was read and lives' },
  },
  {
    name: 'a record that bears the owner tag, linked before the one of a consent',
    edits: [
      {
        file: 'lib/sync/rungs/unmatched-record.ts',
        find: `if (owner.named !== null && owner.named !== record.externalId)`,
        replace: `if (owner.named !== null && owner.named === record.externalId)`,
      },
    ],
    caughtBy: { file: lost, title: 'goes before a record that only bears the owner tag of the row' },
  },
  {
    name: 'a consent that stays after its record was not to be had',
    edits: [
      {
        file: changes,
        find: `return reason.detail?.tried !== undefined || reason.detail?.records !== undefined;`,
        replace: `return reason.detail?.records !== undefined;`,
      },
    ],
    caughtBy: { file: 'test/lib/sync/first-link.test.ts', title: 'asks again if the record is gone since' },
  },
  {
    name: 'a consent to one customer that outlives the question about another',
    edits: [
      {
        file: changes,
        find: `return consent?.to === 'customer' && consent.customer !== reason.detail.customer;`,
        replace: `return consent?.to === 'customer' && consent.customer === reason.detail.customer;`,
      },
    ],
    caughtBy: {
      file: 'test/db/mappings/writes/state-change.test.ts',
      title: 'ends where the record belongs to another customer by its email',
    },
  },
  {
    name: 'a step that broke off and takes a consent with it',
    edits: [
      {
        file: 'db/mappings/writes/broken-off.ts',
        find: `      clean = dirty, attempts = 0,`,
        replace: `      consent = null, clean = dirty, attempts = 0,`,
      },
    ],
    caughtBy: {
      file: 'test/db/mappings/writes/broken-off.test.ts',
      title: 'keeps what people have said',
    },
  },
  {
    name: 'a row that waits for its first link, made without a consent since its detail is damaged',
    edits: [
      {
        file: 'db/mappings/reason.ts',
        find: `  { code: 'not_linked', detail: null },`,
        replace: ``,
      },
    ],
    caughtBy: { file: 'test/db/mappings/reason.test.ts', title: 'nothing is made by mistake' },
  },
];
