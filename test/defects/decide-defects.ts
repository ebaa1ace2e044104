import type { Defect } from './defect.ts';

const ladder = 'lib/sync/decide.ts';
const inboundAdopt = 'test/lib/sync/inbound-adopt.test.ts';

/**
 * Mistakes in the order of the rungs, in the facts that a decision keeps, and in how an action is
 * carried out.
 */
export const decideDefects: Defect[] = [
  {
    name: 'a second record taken for a pair that has ended',
    edits: [
      {
        file: ladder,
        find: `  alias,\n  restored,\n  ended,\n`,
        replace: `  restored,\n  ended,\n  alias,\n`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/alias.test.ts',
      title: 'once it was deleted there: its mapping ends, and the pair stays',
    },
  },
  {
    name: 'a loop that keeps back the delete of its row',
    edits: [
      {
        file: ladder,
        find: `  rowDeleted,\n  decision,\n  loop,\n`,
        replace: `  loop,\n  rowDeleted,\n  decision,\n`,
      },
    ],
    caughtBy: {
      file: 'test/situations/both-sides.test.ts',
      title: 'a loop does not keep back the delete of its row',
    },
  },
  {
    name: 'an open request finished before its damage is seen',
    edits: [{ file: ladder, find: `  damaged,\n  openIntent,\n`, replace: `  openIntent,\n  damaged,\n` }],
    caughtBy: {
      file: 'test/situations/bad-rows.test.ts',
      title: 'an intent of an unknown operation is parked and named',
    },
  },
  {
    name: 'a record made before one of another row is asked for',
    edits: [
      {
        file: ladder,
        find: `  recordTaken,\n  namedRecord,\n  reportedRecord,\n  notWanted,\n  sameIdentity,\n  create,\n`,
        replace: `  namedRecord,\n  reportedRecord,\n  notWanted,\n  sameIdentity,\n  create,\n  recordTaken,\n`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/pull.test.ts',
      title: `parks a row whose new counterpart is another row's, and makes no second one`,
    },
  },
  {
    name: 'facts remembered over a load',
    edits: [
      {
        file: 'lib/sync/perform/perform.ts',
        find: `      step.known = withFact(step.known, action.fact, answer);`,
        replace: `      step.known = withFact(step.known, action.fact, answer);
      Object.assign(step.claim, { known: step.known });`,
      },
      {
        file: 'lib/sync/step.ts',
        find: `    known: new Map(),`,
        replace: `    known: 'known' in claim ? (claim.known as Known) : new Map(),`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/spent.test.ts',
      title: 'when a 500 before the effect is stored under it',
    },
  },
  {
    name: 'a read for the merge taken for the guard of a delete',
    edits: [
      {
        file: 'lib/sync/removal.ts',
        find: `know(s, 'record', { externalId, for: 'delete' })`,
        replace: `know(s, 'record', { externalId, for: 'merge' })`,
      },
    ],
    caughtBy: {
      file: 'test/situations/deletes.test.ts',
      title: `a row is deleted while its record has an active subscription`,
    },
  },
  {
    name: 'both sides compared anew after the pull',
    edits: [
      {
        file: 'lib/sync/comparison.ts',
        find: `  if (progress.pulled) return progress.pulled;`,
        replace: `  if (progress.pulled && progress.deleted) return progress.pulled;`,
      },
    ],
    caughtBy: { file: inboundAdopt, title: 'that was copied to a record of another row is put right' },
  },
  {
    name: 'the merge behind a request forgotten with its answer',
    edits: [
      {
        file: 'lib/sync/perform/store-and-send.ts',
        find: `  return sendOpen(deps, step, intent, { first: true, merged });`,
        replace: `  return sendOpen(deps, step, intent, { first: true, merged: merged && null });`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inbound-email.test.ts',
      title: 'costs one read and one write to link where both sides say the same',
    },
  },
  {
    name: 'a mapping called clean although the answer showed an edit of theirs',
    edits: [
      {
        file: 'lib/sync/settle/answered-outcome.ts',
        find: `isLast && !mustRead && row !== null &&`,
        replace: `isLast && row !== null &&`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/settle/writes.test.ts',
      title: 'never calls a mapping clean whose row says what the shadow does not',
    },
  },
  {
    name: 'what a read shows, kept where a decision was only asked for',
    edits: [
      {
        file: 'lib/sync/perform/find-out.ts',
        find: `  if (answer.ok && !deps.onlyLooking) await`,
        replace: `  if (answer.ok) await`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/replay.test.ts',
      title: 'says what becomes of a record that no row stands for',
    },
  },
  {
    name: 'a request that waits for writes, without its body',
    edits: [
      {
        file: 'lib/sync/sending.ts',
        find: `outcome, unsent: { ours, ownerTag, beside, as } };`,
        replace: `outcome, ...(ours === null ? { unsent: { ours, ownerTag, beside, as } } : {}) };`,
      },
    ],
    caughtBy: {
      file: 'test/workers/lane.test.ts',
      title: 'only reads, keeps the bodies, and sends them once writes are on',
    },
  },
  {
    name: 'the fuse asked after the mapping is locked',
    edits: [
      {
        file: 'lib/sync/perform/store-and-send.ts',
        find: `    const allowed =
      operation !== 'delete' ||`,
        replace: `    await lockMapping(tx, step.claim.id, step.claim.fence);
    const allowed =
      operation !== 'delete' ||`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/deletes.test.ts',
      title: 'lock the connection before the mapping, as receive does',
    },
  },
  {
    name: 'a wait that drops a consent',
    edits: [
      {
        file: 'db/mappings/writes/state-change.ts',
        find: `    ...(isAnswer(mapping, reason) && { consent: null }),`,
        replace: `    consent: null,`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/kept-decisions.test.ts',
      title: 'survives waiting for something else',
    },
  },
  {
    name: 'what an action leaves for other mappings, left out',
    edits: [
      {
        file: 'lib/sync/perform/perform.ts',
        find: `  await leaveNotes(deps, step, notes);`,
        replace: `  if (notes.length > 9) await leaveNotes(deps, step, notes);`,
      },
    ],
    caughtBy: { file: inboundAdopt, title: 'on two records of one row links one' },
  },
  {
    name: 'a record that was read for its link, read again for the merge',
    edits: [
      {
        file: 'lib/sync/rungs/named-record.ts',
        find: `, notes, linked: value.record };`,
        replace: `, notes };`,
      },
    ],
    caughtBy: { file: 'test/lib/sync/first-link.test.ts', title: 'costs one read and one write' },
  },
  {
    name: 'a repeated request that never left, taken for one of which nothing happened',
    edits: [
      {
        file: 'lib/sync/perform/store-and-send.ts',
        find: `    if (first && answer.failure.nothingHappened) open.unsent = true;`,
        replace: `    if (answer.failure.nothingHappened) open.unsent = true;`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/unsent.test.ts',
      title: 'is looked for all the same if one of its sends may have arrived',
    },
  },
  {
    name: 'a 404 to a repeated request taken for the end of the first one',
    edits: [
      {
        file: 'lib/sync/rungs/answered.ts',
        find: `      if (!first) return sendNeverAgain(s, failure);`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/missing.test.ts',
      title: 'does not end it while that first send may still arrive',
    },
  },
  {
    name: 'a plan of a replay that reads nothing',
    edits: [
      {
        file: 'lib/sync/foresee.ts',
        find: `mustRead ? askedToRead(loaded) : loaded`,
        replace: `mustRead ? loaded : askedToRead(loaded)`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/replay.test.ts',
      title: 'says what an open request needs, and what comes from there',
    },
  },
  {
    name: 'a mapping kept under a lease that is too short for a call',
    edits: [
      {
        file: 'lib/sync/perform/perform.ts',
        find: `  await releaseMapping(deps.db, step.claim.id, step.claim.fence);`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/workers.test.ts',
      title: 'give a mapping back untouched when the lease is too short for a call',
    },
  },
  {
    name: 'a key that another program chose, taken for one of ours',
    edits: [
      {
        file: 'lib/sync/received.ts',
        find: `byKey.get(key)`,
        replace: `Object.fromEntries(byKey)[key]`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inbound-merge.test.ts',
      title: 'made by a request with the key constructor',
    },
  },
  {
    name: 'a decided pair that leaves its state by a read that failed',
    edits: [
      {
        file: 'lib/sync/settle/postponed-outcome.ts',
        find: `      ...(wasAtRest && resolutionOf(mapping) === null`,
        replace: `      ...(wasAtRest`,
      },
    ],
    caughtBy: { file: 'test/lib/sync/kept-decisions.test.ts', title: 'leaves the pair where it was' },
  },
];
