import type { Defect } from './defect.ts';

const severalEvents = 'test/api/several-events.test.ts';
const restored = 'test/lib/sync/restored.test.ts';
const deletesIn = 'test/lib/sync/deletes-in.test.ts';
const existingRows = 'test/lib/intake/existing-rows.test.ts';

/** Mistakes where several systems stand beside each other: what comes to one, and what one says of all. */
export const policyDefects: Defect[] = [
  {
    name: 'a system that comes later as if it were the first',
    edits: [
      {
        file: 'db/connections.ts',
        find: `when exists (select from connections where account is not null) then`,
        replace: `when false then`,
      },
    ],
    caughtBy: { file: existingRows, title: 'wait for a consent, also if their events come in before' },
  },
  {
    name: 'an event about a row that was there makes a mapping that is sent',
    edits: [
      {
        file: 'db/mappings/writes/existing-rows.ts',
        find: `and e.entity_id <= b.up_to)`,
        replace: `and e.entity_id > b.up_to)`,
      },
    ],
    caughtBy: { file: existingRows, title: 'wait for a consent, also if their events come in before' },
  },
  {
    name: 'rows that were there are left once one batch is done',
    edits: [
      {
        file: 'db/mappings/writes/existing-rows.ts',
        find: `(select count(*) from portion) < :limit then b.up_to else (select max(id) from portion) end`,
        replace: `(select count(*) from portion) < :limit then b.up_to else b.up_to end`,
      },
    ],
    caughtBy: { file: existingRows, title: 'in batches, whenever a process dies' },
  },
  {
    name: 'the walk of a system that comes later begins with the first event',
    edits: [
      {
        file: 'db/connections.ts',
        find: `r on r.system = w.system`,
        replace: `r on r.system <> w.system`,
      },
    ],
    caughtBy: { file: existingRows, title: 'are not what the walk for lost events begins with' },
  },
  {
    name: 'a deletion that is asked about deletes the row',
    edits: [
      {
        file: 'lib/sync/rungs/record-deleted.ts',
        find: `if (s.policy.deletesIn === 'ask')`,
        replace: `if (s.policy.deletesIn === 'delete')`,
      },
    ],
    caughtBy: { file: deletesIn, title: 'leaves the row and its other records as they are' },
  },
  {
    name: 'an inbound fuse that counts each system by itself',
    edits: [
      {
        file: 'db/deliveries.ts',
        find: `where event_type like '%.deleted' and status = 'origin' and event_id >= :sinceId`,
        replace: `where event_type like '%.deleted' and status = 'origin' and target = 'toy' and event_id >= :sinceId`,
      },
    ],
    caughtBy: { file: deletesIn, title: 'counts for the fuse together' },
  },
  {
    name: 'a release of what the fuse holds that carries out what is asked about',
    edits: [
      {
        file: 'db/mappings/writes/decisions.ts',
        find: `and reason = any(:reasons::text[]) and`,
        replace: `and reason is not null and`,
      },
    ],
    caughtBy: { file: deletesIn, title: 'is not released by the command' },
  },
  {
    name: 'a system without an owner that deletes by default',
    edits: [
      {
        file: 'lib/integrations/registry.ts',
        find: `names.length === 1 ? names[0] : undefined } = config`,
        replace: `names[0] } = config`,
      },
    ],
    caughtBy: { file: 'test/lib/integrations/registry.test.ts', title: 'lets a deletion at the owner count' },
  },
  {
    name: 'a restored record whose event is stale',
    edits: [
      {
        file: 'lib/sync/rungs/restored.ts',
        find: `  if (!mayBeBack(s)) return null;`,
        replace: `  if (mayBeBack(s)) return null;`,
      },
    ],
    caughtBy: { file: restored, title: 'continues its pair, if the row lives' },
  },
  {
    name: 'a restored record that is imported by itself',
    edits: [
      {
        file: 'lib/sync/rungs/unmatched-record.ts',
        find: `if (reason?.code !== 'restored' || externalId === null) return null;`,
        replace: `if (reason?.code === 'restored' || externalId === null) return null;`,
      },
    ],
    caughtBy: { file: restored, title: 'if the row was deleted with it, until it becomes a new customer' },
  },
  {
    name: 'a restored record that is archived once more with its row',
    edits: [
      {
        file: 'lib/sync/rungs/restored.ts',
        find: `if (!row || row.deletedAt !== null)`,
        replace: `if (!row)`,
      },
    ],
    caughtBy: { file: restored, title: 'is not archived again' },
  },
  {
    name: 'one event of a body that cannot be read keeps out the others',
    edits: [
      {
        file: 'api/webhooks.ts',
        find: `if (items.length > 0 && !items.some(({ ok }) => ok))`,
        replace: `if (items.length > 0 && !items.every(({ ok }) => ok))`,
      },
    ],
    caughtBy: { file: severalEvents, title: 'store each event once, and report' },
  },
  {
    name: 'one event of a body that the database refuses keeps out the others',
    edits: [
      {
        file: 'lib/intake/inbound.ts',
        find: `    return await takeEach(deps, items);`,
        replace: `    return items.map((): Taken => 'unstorable');`,
      },
    ],
    caughtBy: { file: severalEvents, title: 'keep the others, if the database refuses one' },
  },
  {
    name: 'a body that is refused in part before the account is known',
    edits: [
      {
        file: 'lib/intake/inbound.ts',
        find: `if (one === 'unbound') throw new Unbound('no account is bound');`,
        replace: ``,
      },
    ],
    caughtBy: { file: severalEvents, title: 'come again as a whole while the account is not known' },
  },
];
