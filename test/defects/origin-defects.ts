import type { Defect } from './defect.ts';

const caught = 'test/lib/sync/origins.test.ts';

/** Mistakes about whose values meet, and about whose edit stands. */
export const originDefects: Defect[] = [
  {
    name: 'the origin of our value taken from the last change of any field',
    edits: [
      {
        file: 'db/events/origins.ts',
        find: `else change.value is distinct from change.before end`,
        replace: `else true end`,
      },
    ],
    caughtBy: { file: caught, title: 'are of the field itself' },
  },
  {
    name: 'the origin of our value taken after theirs has replaced it',
    edits: [
      {
        file: 'db/events/origins.ts',
        find: ` and e.version <= \${of.version}`,
        replace: ``,
      },
    ],
    caughtBy: { file: caught, title: 'are of our value as it was' },
  },
  {
    name: 'the first known event taken for a change of the field',
    edits: [
      {
        file: 'db/events/origins.ts',
        find: `when change.id_before is null then change.event_type like '%.created' and change.is_there else`,
        replace: `when false then false else`,
      },
    ],
    caughtBy: { file: 'test/db/events/origins.test.ts', title: 'is not known where that change is not kept' },
  },
  {
    name: 'the owner of a field not asked where the edit of another system came first',
    edits: [
      {
        file: 'lib/sync/merge.ts',
        find: `  if (owner === system) return 'theirs';\n`,
        replace: ``,
      },
    ],
    caughtBy: { file: caught, title: 'do not matter where toy owns the field (stripe arrives first' },
  },
  {
    name: 'every value of ours taken for an edit of our own team',
    edits: [
      {
        file: 'lib/sync/merge.ts',
        find: `owner === INTERNAL ? isInternal(origin) :`,
        replace: `owner === INTERNAL ? true :`,
      },
    ],
    caughtBy: { file: caught, title: 'have the rule decide where the owner made none of the two' },
  },
  {
    name: 'a covered edit of the owner left to a later edit of ours',
    edits: [
      {
        file: 'lib/sync/merge.ts',
        find: ` && ruling.rule !== OWNER_DECIDES;`,
        replace: `;`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/merge.test.ts',
      title: 'stands against a later edit of ours if its system owns the field',
    },
  },
];
