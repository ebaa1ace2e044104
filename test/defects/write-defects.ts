import type { Defect } from './defect.ts';

/**
 * Mistakes in sending, settling and finding the effect of a request: each looks right, and loses or
 * doubles changes.
 */
export const writeDefects: Defect[] = [
  {
    name: 'body not frozen',
    edits: [
      {
        file: 'lib/sync/perform/store-and-send.ts',
        find: `  const { operation, key, body } = intent;`,
        replace: `  const { operation, key } = intent;
  const ownerTag = operation === 'create' ? (step.row?.createdEventId ?? null) : null;
  const now = { name: step.row?.name ?? null, email: step.row?.email ?? null };
  const body = operation === 'delete' ? intent.body : deps.integration.body(now, ownerTag);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/meanwhile.test.ts',
      title: `of an unanswered write waits for it: the same key goes with the same body`,
    },
  },
  {
    name: 'new key per attempt',
    edits: [
      {
        file: 'lib/sync/perform/store-and-send.ts',
        find: `  const { operation, key, body } = intent;`,
        replace: `  const { operation, body } = intent;
  const key = \`\${intent.key}.\${deps.clock.now().getTime()}\`;`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/faults.test.ts',
      title: `goes on after an answer that is lost after the effect, by the same request`,
    },
  },
  {
    name: 'shadow := merge before the push',
    edits: [
      {
        file: 'lib/sync/perform/store-and-send.ts',
        find: `{ intent, intentNumber: intent.number });`,
        replace: `{
      intent,
      intentNumber: intent.number,
      shadow: {
        ...step.mapping.shadow,
        ...Object.fromEntries(Object.entries(intent.fields).map(([f, { ours }]) => [f, { ours, theirs: ours }])),
      },
    });`,
      },
    ],
    caughtBy: { file: 'test/lib/sync/faults.test.ts', title: `does not take a throttle for a failure` },
  },
  {
    name: 'no fence check at settle',
    edits: [
      {
        file: 'lib/sync/settle/settle.ts',
        find: `  if (effects.linked === null) return lockMapping(tx, step.claim.id, step.claim.fence);`,
        replace: `  if (effects.linked === null) {
    const { rows } = await tx.raw<{ rows: { fence: number }[] }>(
      'select fence from external_mappings where id = :id',
      { id: step.claim.id },
    );
    return lockMapping(tx, step.claim.id, rows[0]?.fence ?? 0);
  }`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/late.test.ts',
      title: 'is not settled: who slept after a lost answer finds that another has finished',
    },
  },
  {
    name: 'dirty as a time',
    edits: [
      {
        file: 'lib/sync/settle/settle.ts',
        find: `  const changes = { ...effects.mapping, ...askedMeanwhile(step, mapping), ...foreignEdit(mapping, effects) };`,
        replace: `  const changes = { ...effects.mapping, ...askedMeanwhile(step, mapping), ...foreignEdit(mapping, effects) };
  // Clean as of now, whatever was received since the step was loaded.
  if (changes.clean !== undefined) changes.clean = mapping.dirty;`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/workers.test.ts',
      title: `do not forget a read that was asked for while a step was under way`,
    },
  },
  {
    name: 'dedupe outside the transaction (their events)',
    edits: [
      {
        file: 'lib/intake/inbound.ts',
        find: `await withTransaction(db, (tx) =>
        receiveExternalEvents(tx, some, { ...target, now: clock.now() }),
      );`,
        replace: `await receiveExternalEvents(db as never, some, { ...target, now: clock.now() });`,
      },
    ],
    caughtBy: {
      file: 'test/lib/intake/receive-halfway.test.ts',
      title: `still carries their change once the bus delivers it again`,
    },
  },
  {
    name: '404 as a deletion',
    edits: [
      {
        file: 'lib/sync/rungs/missing.ts',
        find: `answer.value.state !== 'missing') return null;`,
        replace: `answer.value.state !== 'missing' || s.row) return null;`,
      },
      {
        file: 'lib/sync/rungs/record-deleted.ts',
        find: `answer.value.state === 'erased' || mergedInto`,
        replace: `answer.value.state !== 'present' || mergedInto`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/missing.test.ts',
      title: `is no deletion: the pair is parked, and the row stays`,
    },
  },
  {
    name: 'absence as a deletion where an update is looked for',
    edits: [
      {
        file: 'lib/sync/whether-done.ts',
        find: `  if (value.state !== 'present') return { do: 'settle', outcome: unknown };`,
        replace: `  if (value.state !== 'present')
    return {
      do: 'settle',
      outcome: { kind: 'ended', state: 'tombstoned', by: 'theirs', intent, written: null },
    };`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/missing.test.ts',
      title: `is none either where it is read for what became of an update`,
    },
  },
  {
    name: 'tombstone ignored',
    edits: [
      {
        file: 'lib/sync/rungs/row-deleted.ts',
        find: `s.row.deletedAt !== null ?`,
        replace: `s.row.deletedAt !== null && s.policy.deletes === 'detach' ?`,
      },
    ],
    caughtBy: {
      file: 'test/situations/deletes.test.ts',
      title: `a row is deleted while its record has an active subscription`,
    },
  },
  {
    name: 'create again on a look-up error',
    edits: [
      {
        file: 'lib/sync/perform/search-create.ts',
        find: `  if (!answer.ok) return { place, failure: answer.failure };`,
        replace: `  if (!answer.ok) return { value: null };`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/resolve.test.ts',
      title: `is not made anew while the events cannot be read, however long that is`,
    },
  },
  {
    name: 'resolve without waiting',
    edits: [
      {
        file: 'lib/sync/rungs/open-intent.ts',
        find: `  if (s.now < settled) {`,
        replace: `  if (s.now < new Date(intent.lastSentAt)) {`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/spent.test.ts',
      title: `waits from its last send, also when an operator asks sooner`,
    },
  },
  {
    name: 'a write of unknown outcome met as an edit of theirs',
    edits: [
      {
        file: 'lib/sync/whether-done.ts',
        find: `  if (standing.length === sent.length) return`,
        replace: `  if (standing.length > sent.length) return`,
      },
      {
        file: 'lib/sync/whether-done.ts',
        find: `  return { do: 'settle', outcome: { ...unknown, stands } };`,
        replace: `  const known = standing.length > sent.length ? { stands } : {};
  return { do: 'settle', outcome: { ...unknown, ...known } };`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inbound-merge.test.ts',
      title: `does not take what an update of unknown outcome wrote there for an edit of theirs`,
    },
  },
  {
    name: 'a part of a write of unknown outcome met as an edit of theirs',
    edits: [
      {
        file: 'lib/sync/whether-done.ts',
        find: `  return { do: 'settle', outcome: { ...unknown, stands } };`,
        replace: `  const known = standing.length > sent.length ? { stands } : {};
  return { do: 'settle', outcome: { ...unknown, ...known } };`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inbound-merge.test.ts',
      title: `does not let our own older value, of which no event tells, win over a newer one of ours where they edited another field since`,
    },
  },
  {
    name: 'our own event says nothing of a write of unknown outcome',
    edits: [
      {
        file: 'lib/sync/whether-done.ts',
        find: `  if (event?.after) {`,
        replace: `  if (event?.after && sent.length === 0) {`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/spent.test.ts',
      title: `is known by its own event to have taken effect, so what others made of it since is no conflict`,
    },
  },
  {
    name: 'a statement of several requests repeated although it may have written them',
    edits: [
      {
        file: 'lib/customers/gathered-inserts.ts',
        find: `      if (!hasWrittenNothing(error)) return rows.forEach(({ reject }) => reject(error));
`,
        replace: '',
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/gathered-inserts.test.ts',
      title: 'are not written a second time where it is not known whether they were written',
    },
  },
  {
    name: 'a new row without the pairs that its id had before',
    edits: [
      {
        file: 'db/entities/row-statements.ts',
        find: `case when c.has_pairs then entity_payload(`,
        replace: 'case when false then entity_payload(',
      },
    ],
    caughtBy: {
      file: 'test/db/customers.test.ts',
      title: 'show the pairs of their id where it was in use before',
    },
  },
  {
    name: 'the context of another request of the same statement',
    edits: [
      {
        file: 'db/entities/row-statements.ts',
        find: ':contexts::jsonb -> c.created_event_id::text',
        replace: '(select j.value from jsonb_each(:contexts::jsonb) j limit 1)',
      },
    ],
    caughtBy: {
      file: 'test/lib/customers/gathered-inserts.test.ts',
      title: 'are written by few statements, each with its own event, context and answer',
    },
  },
];
