import type { Defect } from './defect.ts';

/** Mistakes in the relay that is divided into shards. */
export const shardDefects: Defect[] = [
  {
    name: 'a shard that has all that is left of a backlog sorted for each page',
    edits: [
      {
        file: 'db/relay/page.ts',
        find: `'and case when relay_shard(e.entity_key, :shards::integer) = :shard::integer then true else false end'`,
        replace: `'and relay_shard(e.entity_key, :shards::integer) = :shard::integer'`,
      },
    ],
    caughtBy: {
      file: 'test/relay/records.test.ts',
      title: 'follows the primary key from the lowest bound, without statistics',
    },
  },
  {
    name: 'a page of the relay that is planned anew each time',
    edits: [
      {
        file: 'db/relay/page.ts',
        find: `limit \${Math.trunc(limit)}\`;`,
        replace: `limit case when :seen::pg_snapshot is null then 0 else \${Math.trunc(limit)} end\`;`,
      },
    ],
    caughtBy: {
      file: 'test/relay/records.test.ts',
      title: 'is planned once, and not for each page, as is the save of the cursor',
    },
  },
  {
    name: 'shard publishing the entities of all',
    edits: [
      {
        file: 'db/relay/page.ts',
        find: `case when relay_shard(e.entity_key, :shards::integer) = :shard::integer then true`,
        replace: `case when :shards::integer > :shard::integer then true`,
      },
    ],
    caughtBy: {
      file: 'test/relay/shards.test.ts',
      title: 'publishes every event once, each entity by its shard',
    },
  },
  {
    name: 'new shards beginning where the one ahead is',
    edits: [
      {
        file: 'db/relay/standing.ts',
        find: `const behind = all.reduce((a, b) => (isBehind(b, a) ? b : a), first);`,
        replace: `const behind = all.reduce((a, b) => (isBehind(b, a) ? a : b), first);`,
      },
    ],
    caughtBy: {
      file: 'test/relay/shards.test.ts',
      title: 'loses nothing and keeps each entity in order: 1, 2, 4, 3, 1',
    },
  },
  {
    name: 'shard in an older window counted as past this one',
    edits: [
      {
        file: 'db/relay/standing.ts',
        find: `compareSnapshots(own, win) >= 0 ? lastId : 0;`,
        replace: `compareSnapshots(own, win) >= 0 ? lastId : Infinity;`,
      },
    ],
    caughtBy: {
      file: 'test/relay/standing.test.ts',
      title: 'is nothing of that window if another one is within an older window',
    },
  },
  {
    name: 'change of the shards without a new fence',
    edits: [
      {
        file: 'db/relay/shards.ts',
        find: `owner = excluded.owner, until = excluded.until, fence = l.fence + 1`,
        replace: `owner = excluded.owner, until = excluded.until, fence = l.fence`,
      },
    ],
    caughtBy: {
      file: 'test/relay/shards.test.ts',
      title: 'leaves the page of a relay that has sent it unsaved',
    },
  },
  {
    name: 'new shards beginning while an old lease lasts',
    edits: [
      {
        file: 'db/relay/shards.ts',
        find: `when n.name = any(:after) then greatest(`,
        replace: `when n.name = any(:after) then least(`,
      },
    ],
    caughtBy: { file: 'test/relay/shards.test.ts', title: 'lets no relay begin before the leases' },
  },
  {
    name: 'lease of a relay without shards left free',
    edits: [
      {
        file: 'db/relay/shards.ts',
        find: `    when n.name = 'relay' then 'infinity'\n`,
        replace: ``,
      },
    ],
    caughtBy: { file: 'test/relay/shards.test.ts', title: 'keeps a relay without shards standing by' },
  },
  {
    name: 'shard beside all looking for its own events below the floors',
    edits: [
      {
        file: 'db/relay/floor-walk.ts',
        find: `where e.id = any(:ids::bigint[]) and `,
        replace: `where e.id = any(:ids::bigint[]) and c.shard = 0 and `,
      },
    ],
    caughtBy: { file: 'test/relay/shards.test.ts', title: 'looks in one shard for events of all shards' },
  },
  {
    name: 'seats that are free counted as processes',
    edits: [
      {
        file: 'relay/shards.ts',
        find: `const seats = Array.from({ length: shards }, (_, n) => n).filter((n) => held.has(seatOf(n)));`,
        replace: `const seats = Array.from({ length: shards }, (_, n) => n);`,
      },
    ],
    caughtBy: { file: 'test/relay/shares.test.ts', title: 'is the same number for each seat that is held' },
  },
];
