import type { Db } from '../../db/connection.ts';
import type { SyncWorld } from './sync.ts';

/** What a person set a field to; `id` is our row's, or their customer's. `at` is its place among all edits. */
export interface Edit {
  side: 'ours' | 'theirs';
  id: number | string;
  field: string;
  value: string;
  at: number;
}

type Pair = { row: number; externalId: string; role: string; deleted: boolean };
type Conflict = {
  row: number;
  kind: string;
  field: string | null;
  ours: string | null;
  theirs: string | null;
};

/**
 * Edits that are gone although nobody overwrote them knowingly and no conflict row tells of them; and conflict rows that tell of
 * something that nobody did, or tell it twice.
 */
export async function lossesOf(world: SyncWorld, edits: Edit[]): Promise<string[]> {
  const { db } = world;
  const pairs = await read<Pair>(
    db,
    `select m.internal_id as row, m.external_id as "externalId", m.role, c.deleted_at is not null as deleted
     from external_mappings m join customers c on c.id = m.internal_id where m.external_id is not null`,
  );
  const conflicts = await read<Conflict>(
    db,
    `select internal_id as row, kind, field, ours #>> '{}' as ours, theirs #>> '{}' as theirs from sync_conflicts`,
  );
  const found: string[] = [];
  for (const pair of pairs.filter(({ role, deleted }) => role === 'primary' && !deleted)) {
    const own = edits.filter((e) => (e.side === 'ours' ? e.id === pair.row : e.id === pair.externalId));
    const told = conflicts.filter(({ row }) => row === pair.row);
    const held = { ours: await ourValues(db, pair.row), theirs: theirValues(world, pair.externalId) };
    found.push(...lostIn(own, told, held), ...madeUp(own, told));
  }
  return found;
}

function* lostIn(edits: Edit[], conflicts: Conflict[], held: Held): Generator<string> {
  for (const edit of edits) {
    const { side, field, value } = edit;
    const other = side === 'ours' ? 'theirs' : 'ours';
    const later = (on: Edit['side']): boolean =>
      edits.some((e) => e.side === on && e.field === field && e.at > edit.at);
    if (later(side)) continue;
    if (held[side].at(-1)?.[field]?.toLowerCase() === value.toLowerCase()) continue;
    if (held[other].some((values) => values[field] === value) && later(other)) continue;
    if (conflicts.some((c) => c.field === field && (c.ours === value || c.theirs === value))) continue;
    yield `lost without a word: ${side} ${edit.id} ${field} = ${value}`;
  }
}

function* madeUp(edits: Edit[], conflicts: Conflict[]): Generator<string> {
  const values = (side: Edit['side']): Set<string> =>
    new Set(edits.filter((e) => e.side === side).map((e) => e.value));
  const [ours, theirs] = [values('ours'), values('theirs')];
  const seen = new Set<string>();
  for (const { kind, field, ours: our, theirs: their } of conflicts) {
    if (kind !== 'both_moved' && kind !== 'overwritten_unseen') continue;
    const text = `${kind} of ${field ?? ''}: ours ${our ?? 'null'}, theirs ${their ?? 'null'}`;
    if (their !== null && !theirs.has(their)) yield `nobody there ever said so: ${text}`;
    if (kind === 'both_moved' && our !== null && !ours.has(our)) yield `nobody here ever said so: ${text}`;
    const key = `${field ?? ''}|${their ?? 'null'}`;
    if (seen.has(key)) yield `told twice: ${text}`;
    seen.add(key);
  }
}

type Held = Record<Edit['side'], Record<string, string | null>[]>;

/** What our row said in each of its versions. */
async function ourValues(db: Db, row: number): Promise<Record<string, string | null>[]> {
  const rows = await read<{ data: Record<string, string | null> }>(
    db,
    `select payload -> 'customer_data' as data from sync_events
     where entity_id = ${row} and event_type in ('customer.created', 'customer.updated') order by id`,
  );
  return rows.map(({ data }) => data);
}

function theirValues({ simulator }: SyncWorld, externalId: string): Record<string, string | null>[] {
  return simulator.events().flatMap((event) => {
    const object = event.data.object as { id?: string; name?: string | null; email?: string | null };
    return object.id === externalId ? [{ name: object.name ?? null, email: object.email ?? null }] : [];
  });
}

async function read<T>(db: Db, sql: string): Promise<T[]> {
  return (await db.raw<{ rows: T[] }>(sql)).rows;
}
