import type { Defect } from './defect.ts';

/** Mistakes by which a restored older state stays unnoticed, or gives out ids again. */
export const restoreDefects: Defect[] = [
  {
    name: 'a relay that goes on after a failure by what it had checked before',
    edits: [
      {
        file: 'relay/identity-check.ts',
        find: `if (isForgotten) await`,
        replace: `if (isForgotten && running === null) await`,
      },
    ],
    caughtBy: {
      file: 'test/relay/identity.test.ts',
      title: 'is looked at anew after a failure, whatever a check has found that began before',
    },
  },
  {
    name: 'an older state on the disk that only the bus can show, not looked for',
    edits: [
      {
        file: 'relay/identity-check.ts',
        find: `      await noteAhead(db, lost);
      throw restored(lost);`,
        replace: `      await noteAhead(db, lost).catch(() => undefined);`,
      },
    ],
    caughtBy: {
      file: 'test/relay/bus-ahead.test.ts',
      title: `is refused by the relay before anything is published, and from then on by every process`,
    },
  },
  {
    name: 'a page that a dead relay had published taken for a restore',
    edits: [
      {
        file: 'db/relay/identity.ts',
        find: `  and not exists (select from sync_events e where e.event_id = r.event_id)
order by r.published_at`,
        replace: `order by r.published_at`,
      },
    ],
    caughtBy: {
      file: 'test/relay/bus-ahead.test.ts',
      title: `is not concluded where a relay died between the publish and its save`,
    },
  },
  {
    name: 'creates after a restore that do not wait for the account to be read again',
    edits: [{ file: 'db/sequences/after-restore.ts', find: `  await tx.raw(readAgainSql);\n`, replace: `` }],
    caughtBy: {
      file: 'test/situations/restored.test.ts',
      title: `is found though no event has shown it yet: after a move nothing is created before every record was read`,
    },
  },
  {
    name: 'versions after a restore that begin where the backup ended',
    edits: [
      {
        file: 'db/sequences/after-restore.ts',
        find: `  greatest(floor(extract(epoch from clock_timestamp()) * 1000)::bigint, (select max(versions_from) from restores) + 1000000)`,
        replace: `  0`,
      },
    ],
    caughtBy: {
      file: 'test/db/sequences/after-restore.test.ts',
      title: `of the versions of a row continue above all that it may have had, and a new row begins at 1`,
    },
  },
];
