import type { Defect } from './defect.ts';

const rest = 'test/lib/limits/rest.test.ts';
const withoutKeys = 'test/lib/sync/without-keys.test.ts';
const staleVersion = 'test/lib/sync/stale-version.test.ts';

/** Mistakes about what a system promises in its capabilities, and about the quota of an account. */
export const promiseDefects: Defect[] = [
  {
    name: 'mappings claimed while the account rests',
    edits: [
      { file: 'db/mappings/claims.ts', find: `    and not exists (select from rest)\n`, replace: `` },
      {
        file: 'lib/limits/guarded.ts',
        find: `    if (until) throw new Resting(integration.system, until);\n`,
        replace: ``,
      },
    ],
    caughtBy: { file: rest, title: 'rests until the time that the system named' },
  },
  {
    name: 'an attempt used up by a quota',
    edits: [
      {
        file: 'lib/sync/settle/postponed-outcome.ts',
        find: `failure.kind === 'quota' || failure.code === NO_TOKEN`,
        replace: `failure.code === NO_TOKEN`,
      },
    ],
    caughtBy: { file: rest, title: 'uses up no attempt of its customers' },
  },
  {
    name: 'a rest forgotten at the start',
    edits: [
      {
        file: 'workers/lane.ts',
        find: `    const resting = await findRest(deps, integration);`,
        replace: `    const resting = bound === null ? null : await findRest(deps, integration);`,
      },
    ],
    caughtBy: { file: rest, title: 'rests over a restart' },
  },
  {
    name: 'a create without a key sent again',
    edits: [
      {
        file: 'lib/sync/sending-again.ts',
        find: `: safety === 'version';\n}`,
        replace: `: true;\n}`,
      },
    ],
    caughtBy: { file: withoutKeys, title: 'gets no second record after a lost answer' },
  },
  {
    name: 'a late create with other values taken for the base',
    edits: [
      {
        file: 'lib/sync/settle/writes.ts',
        find: `shadow: withoutBase ? {} : shadowOfCreate(by)`,
        replace: `shadow: shadowOfCreate(by)`,
      },
    ],
    caughtBy: { file: withoutKeys, title: 'refuses a create whose tag a record has' },
  },
  {
    name: 'a stale request sent again as it is',
    edits: [
      {
        file: 'lib/sync/rungs/answered.ts',
        find: `  if (failure.kind === 'conflict') return refusedAsStale(s, intent, failure, first);\n`,
        replace: ``,
      },
    ],
    caughtBy: { file: staleVersion, title: 'refuses what is stale' },
  },
  {
    name: 'a step that goes on while the record moves',
    edits: [
      {
        file: 'lib/sync/version-moves.ts',
        find: `s.staleSends < MOST_STALE ? null`,
        replace: `s.staleSends >= 0 ? null`,
      },
    ],
    caughtBy: { file: staleVersion, title: 'does not make a step go on for ever' },
  },
  {
    name: 'an update without the version that was read',
    edits: [
      {
        file: 'lib/sync/comparison.ts',
        find: `s.capabilities.updates === 'version' && hasOursToPush(s)`,
        replace: `s.mapping.id < 0 && hasOursToPush(s)`,
      },
    ],
    caughtBy: { file: staleVersion, title: 'has its record read before an update' },
  },
  {
    name: 'a delete sent to a system that deletes nothing',
    edits: [
      {
        file: 'lib/sync/removal.ts',
        find: ` || s.capabilities.deletes === 'none'`,
        replace: ``,
      },
    ],
    caughtBy: { file: withoutKeys, title: 'has the pair of a deleted row detached where it deletes nothing' },
  },
];
