// The chain of the record of operations (docs/decisions/0084-audit-chain.md): the text whose SHA-256 an
// entry has, and the check of the whole chain. The database makes the hashes (operator_action_text());
// this file makes the same text by itself, so a changed function of the database is noticed too.
import { createHash } from 'node:crypto';
import {
  checkpointJson,
  NO_HASH,
  readAuditHead,
  readAuditPage,
  readAuditPairs,
  readCheckpoints,
  RETIRED,
  type AuditEntry,
  type AuditPair,
  type Checkpoint,
} from '../../db/audit.ts';
import { withOneState, type Db, type Tx } from '../../db/server/connection.ts';
import { without } from '../without.ts';

/** How much of the chain is in memory at once. */
const ENTRIES_AT_ONCE = 500;
const PAIRS_AT_ONCE = 10_000;

/** The text whose SHA-256, in UTF-8, is the hash of the entry. */
export function entryText(entry: AuditEntry): string {
  const pairs = { count: entry.pairCount, sha256: entry.pairsHash };
  return canonicalJson({ ...without(entry, 'pairCount', 'pairsHash', 'hash'), pairs });
}

/** RFC 8785 for plain data with whole numbers: no blanks, members in the order of their names. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}

/** A head of the chain that a person has noted: the hash of an entry, and its number if it is known. */
export type NotedHead = { id: number | null; hash: string };

/** `1042:9f86d0…` or the hash alone; null for any other text. */
export function parseHead(text: string): NotedHead | null {
  const [, id, hash] = /^(?:([0-9]{1,15}):)?([0-9a-f]{64})$/.exec(text.trim().toLowerCase()) ?? [];
  return hash === undefined ? null : { id: id === undefined ? null : Number(id), hash };
}

/** The first place that does not fit. `entry`: its number; null where it is about none. */
export type BrokenLink = { entry: number | null; what: string };

export type AuditVerdict = {
  /** How many entries were checked. */
  entries: number;
  /** How many have left with retention; checkpoints hold them. */
  left: number;
  head: { id: number; hash: string };
  broken: BrokenLink | null;
};

export type AuditCheck = { head?: NotedHead | null; onProgress?: (entries: number) => void };

/** Checks the whole chain, as it stands at this moment. */
export function verifyAudit(db: Db, check: AuditCheck = {}): Promise<AuditVerdict> {
  return withOneState(db, (tx) => checkAudit(tx, check));
}

/** The check within a transaction that sees one state. */
export async function checkAudit(
  tx: Tx,
  { head = null, onProgress = () => undefined }: AuditCheck = {},
): Promise<AuditVerdict> {
  const start = { id: 0, hash: NO_HASH };
  const walk: Walk = { last: start, entries: 0, left: 0, unnamed: null, isNoted: false };
  see(walk, head, start);
  const broken =
    (await walkCheckpoints(tx, walk, head)) ??
    (await walkEntries(tx, walk, head, onProgress)) ??
    (await checkEnd(tx, walk)) ??
    checkNoted(walk, head);
  const { entries, left, last } = walk;
  return { entries, left, head: last, broken };
}

type Walk = {
  /** What the next entry has to name. */
  last: { id: number; hash: string };
  entries: number;
  left: number;
  /** The newest checkpoint, until an entry has named it. */
  unnamed: Checkpoint | null;
  /** The noted head was met. */
  isNoted: boolean;
};

function see(walk: Walk, noted: NotedHead | null, { id, hash }: { id: number; hash: string }): void {
  if (noted?.hash === hash && (noted.id ?? id) === id) walk.isNoted = true;
}

async function walkCheckpoints(tx: Tx, walk: Walk, noted: NotedHead | null): Promise<BrokenLink | null> {
  for (;;) {
    const page = await readCheckpoints(tx, walk.last.id, ENTRIES_AT_ONCE);
    for (const checkpoint of page) {
      const { firstId, lastId, entries, previous, hash } = checkpoint;
      const name = `the checkpoint of the entries ${firstId} to ${lastId}`;
      if (previous !== walk.last.hash)
        return {
          entry: firstId,
          what: `${name} does not go on where the part before it ends (${brief(walk.last.hash)})`,
        };
      if (firstId <= walk.last.id || lastId < firstId || entries < 1 || entries > lastId - firstId + 1)
        return { entry: firstId, what: `${name} cannot hold ${entries} entries after entry ${walk.last.id}` };
      walk.last = { id: lastId, hash };
      walk.left += entries;
      walk.unnamed = checkpoint;
      see(walk, noted, walk.last);
    }
    if (page.length < ENTRIES_AT_ONCE) return null;
  }
}

async function walkEntries(
  tx: Tx,
  walk: Walk,
  noted: NotedHead | null,
  onProgress: (entries: number) => void,
): Promise<BrokenLink | null> {
  // From the very first one, so that an entry that is older than a checkpoint is met.
  for (let after = -1; ;) {
    const page = await readAuditPage(tx, after, ENTRIES_AT_ONCE);
    const pairs = await hashPairs(tx, page);
    for (const entry of page) {
      const what = misfit(walk, entry, pairs.get(entry.id)) ?? (await misfitOfRetired(tx, walk, entry));
      if (what !== null) return { entry: entry.id, what };
      walk.last = { id: entry.id, hash: entry.hash };
      walk.entries += 1;
      see(walk, noted, walk.last);
    }
    onProgress(walk.entries);
    const last = page.at(-1);
    if (!last || page.length < ENTRIES_AT_ONCE) return null;
    after = last.id;
  }
}

function misfit(
  walk: Walk,
  entry: AuditEntry,
  pairs: { count: number; hash: string } | undefined,
): string | null {
  const { last } = walk;
  if (entry.previous !== last.hash || entry.id <= last.id)
    return `it names ${brief(entry.previous)} as the hash of the entry before it, and ${
      last.id === 0 ? 'there is no entry before it' : `entry ${last.id} before it has ${brief(last.hash)}`
    }: an entry was removed, added or moved between them`;
  if (pairs?.count !== entry.pairCount || pairs.hash !== entry.pairsHash)
    return `its pairs are not those that were recorded: ${pairs?.count ?? 0} rows of operator_action_pairs, recorded were ${entry.pairCount}`;
  const own = sha256(entryText(entry));
  if (own !== entry.hash)
    return `its content was changed: the hash of what it says is ${brief(own)}, and the recorded hash is ${brief(entry.hash)}`;
  return null;
}

/** The entry of a removal names its checkpoint. */
async function misfitOfRetired(tx: Tx, walk: Walk, { action, detail }: AuditEntry): Promise<string | null> {
  if (action !== RETIRED) return null;
  const lastId = typeof detail === 'object' && detail && 'last_id' in detail ? Number(detail.last_id) : 0;
  const [checkpoint] = await readCheckpoints(tx, lastId - 1, 1);
  if (!checkpoint || canonicalJson(checkpointJson(checkpoint)) !== canonicalJson(detail))
    return `it names a checkpoint of the entries up to ${lastId}, and audit_checkpoints has another one or none`;
  if (walk.unnamed?.lastId === lastId) walk.unnamed = null;
  return null;
}

async function checkEnd(tx: Tx, { last, entries, left, unnamed }: Walk): Promise<BrokenLink | null> {
  if (unnamed)
    return {
      entry: unnamed.lastId,
      what: `no entry names the checkpoint of the entries ${unnamed.firstId} to ${unnamed.lastId}: these entries were not removed by retention`,
    };
  const head = await readAuditHead(tx);
  if (!head)
    return { entry: last.id, what: 'the row of audit_head, which names the newest entry, is missing' };
  if (head.hash !== last.hash || head.id !== last.id)
    return {
      entry: head.id,
      what: `audit_head names it as the newest entry (${brief(head.hash)}), and the chain ends with entry ${last.id} (${brief(last.hash)}): entries at the end were removed or added`,
    };
  if (head.entries === entries + left) return null;
  return {
    entry: last.id,
    what: `audit_head counts ${head.entries} entries; there are ${entries}, and ${left} have left`,
  };
}

function checkNoted({ isNoted, last }: Walk, noted: NotedHead | null): BrokenLink | null {
  if (noted === null || isNoted) return null;
  return {
    entry: noted.id,
    what: `the noted head ${brief(noted.hash)} is not in the chain, which ends with entry ${last.id}: the end of the chain was removed or made anew after it was noted, or retention has removed that entry`,
  };
}

/** The hash of the pairs of each entry of a page, read a part at a time. */
async function hashPairs(
  tx: Tx,
  page: readonly AuditEntry[],
): Promise<Map<number, { count: number; hash: string }>> {
  const sums = new Map(page.map(({ id }) => [id, { count: 0, sum: createHash('sha256') }]));
  const [first, last] = [page[0]?.id ?? 0, page.at(-1)?.id ?? 0];
  let after: AuditPair | null = null;
  for (;;) {
    const pairs: AuditPair[] = await readAuditPairs(tx, { first, last, limit: PAIRS_AT_ONCE }, after);
    for (const { entry, mappingId, eventId } of pairs) {
      const own = sums.get(entry);
      if (!own) continue;
      own.count += 1;
      own.sum.update(`${mappingId} ${eventId ?? '-'}\n`);
    }
    after = pairs.at(-1) ?? null;
    if (pairs.length < PAIRS_AT_ONCE) break;
  }
  return new Map([...sums].map(([id, { count, sum }]) => [id, { count, hash: sum.digest('hex') }]));
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** Enough of a hash for a person to find it. */
const brief = (hash: string): string => `${hash.slice(0, 12)}…`;
