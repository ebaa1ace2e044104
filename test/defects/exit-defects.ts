import type { Defect } from './defect.ts';

/** Mistakes by which a stuck state never ends, or a person's decision is lost. */
export const exitDefects: Defect[] = [
  {
    name: 'a release that does not outlive a guard that cannot read',
    edits: [
      {
        file: 'lib/sync/consent.ts',
        find: `return decision?.kind === 'release';`,
        replace: `return decision?.kind === 'release' && reason?.code === 'fuse';`,
      },
      {
        file: 'lib/sync/consent.ts',
        find: `export function isReleased({ decision }: Pick<Mapping, 'decision'>): boolean {`,
        replace: `export function isReleased({ decision, reason }: Pick<Mapping, 'decision' | 'reason'>): boolean {`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/kept-decisions.test.ts',
      title: `survives a guard that cannot read`,
    },
  },
  {
    name: 'a record made anew without a look for the old one',
    edits: [
      {
        file: 'lib/sync/rungs/decision.ts',
        find: `  if (answer.ok && (answer.value.state === 'present' || isNewMerge(s, externalId, answer.value)))
    return { do: 'settle', outcome: { kind: 'still_there' } };`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/decisions.test.ts',
      title: `links again a record that is there after all`,
    },
  },
  {
    name: 'a replay that promises what was refused',
    edits: [
      {
        file: 'lib/sync/foresee.ts',
        find: `return last?.result === 'refused' &&`,
        replace: `return last?.result === 'unknown' &&`,
      },
    ],
    caughtBy: {
      file: 'test/lib/operations/replay.test.ts',
      title: `says that the same is refused again, until something has changed`,
    },
  },
];
