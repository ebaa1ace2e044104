import type { Db } from '../../db/server/connection.ts';

/** One of their events, as their API lists it. */
export type ReportedEvent = {
  data: { object: { id?: string; name?: string | null; email?: string | null } };
};

/**
 * The value that a person gave a field; `id` is our row's, or their customer's. `at` is its
 * position among all edits; two at one moment share it.
 */
export interface Edit {
  side: 'ours' | 'theirs';
  id: number | string;
  field: string;
  value: string | null;
  at: number;
}

type Pair = { row: number; externalId: string; role: string; deleted: boolean };
type Conflict = {
  row: number;
  kind: string;
  field: string | null;
  ours: string | null;
  theirs: string | null;
  rule: string;
};

/**
 * Finds edits that are lost although no person overwrote them knowingly and no conflict row has
 * them, and conflict rows about values that no person set, or that are there twice. `eventsGone`:
 * events left the system's list before they were received, which was reported; an edit that a write
 * of ours then overwrote could be shown by its echo alone, and does not count as lost. `withoutBase`: the
 * record of a lost create is linked without a base, so an older value of ours may stand as theirs.
 */
export async function lossesOf(
  db: Db,
  events: ReportedEvent[],
  edits: Edit[],
  { eventsGone = false, withoutBase = false } = {},
): Promise<string[]> {
  const pairs = await read<Pair>(
    db,
    `select m.internal_id as row, m.external_id as "externalId", m.role, c.deleted_at is not null as deleted
     from external_mappings m join customers c on c.id = m.internal_id
     where m.external_id is not null and m.state <> 'detached'`, // a person has detached those
  );
  const conflicts = await read<Conflict>(
    db,
    `select internal_id as row, kind, field, ours #>> '{}' as ours, theirs #>> '{}' as theirs, rule from sync_conflicts`,
  );
  const replaced = await read<{ row: number; externalId: string }>(
    db,
    `select internal_id as row, external_id as "externalId" from external_mappings
     where state = 'detached' and external_id is not null and ending ->> 'kind' = 'replaced'`,
  );
  const echoless = eventsGone ? await writtenWithoutEcho(db) : new Set<string>();
  const found: string[] = [];
  for (const pair of pairs.filter(({ deleted }) => !deleted)) {
    // Where a person chose another record, the values of one record have met those of another
    // record of the row.
    const about = together(pair, conflicts);
    // A record that a person has called gone was the row's record until then.
    for (const { row, externalId } of replaced) if (row === pair.row) about.add(externalId);
    const isPrimary = pair.role === 'primary';
    // An edit of a second record belongs to that record: it may have been the row's record before.
    const own = edits.filter((e) =>
      e.side === 'ours' ? isPrimary && e.id === pair.row : e.id === pair.externalId,
    );
    const all = edits.filter(({ id }) => about.has(id));
    const ofPair = conflicts.filter(({ row }) => about.has(row));
    const records = [...about].filter((id) => typeof id === 'string');
    const before = new Map<Edit['id'], Versions>();
    for (const id of about)
      if (typeof id === 'number' && id !== pair.row) before.set(id, await ourValues(db, id));
    const held = {
      ours: await ourValues(db, pair.row),
      before,
      theirs: theirValues(events, records),
      record: theirValues(events, [pair.externalId]),
    };
    const recorded = own.filter(
      ({ side, field }) => side === 'ours' || !echoless.has(`${pair.externalId} ${field}`),
    );
    found.push(...lostIn(recorded, all, ofPair, held));
    if (isPrimary) found.push(...madeUp(about.size > 2 ? ofEither(all) : own, ofPair, { withoutBase }));
  }
  return found;
}

/** Records and fields that a write of ours has set whose echo never came: `cus_1 email`. */
async function writtenWithoutEcho(db: Db): Promise<Set<string>> {
  const rows = await read<{ place: string }>(
    db,
    `select m.external_id || ' ' || f as place from sync_intents i join external_mappings m on m.id = i.mapping_id, jsonb_object_keys(i.fields) f
     where i.operation = 'update' and i.echo_event is null and m.external_id is not null`,
  );
  return new Set(rows.map(({ place }) => place));
}

/**
 * The row and the record of a pair, and every other row and record that a choice has ever joined
 * with them.
 */
function together({ row, externalId }: Pair, conflicts: Conflict[]): Set<number | string> {
  const about = new Set<number | string>([row, externalId]);
  const choices = conflicts.filter(({ rule }) => rule === 'chosen');
  for (let before = 0; before < about.size;) {
    before = about.size;
    for (const choice of choices) {
      const joined = [choice.row, choice.ours, choice.theirs].filter((id) => id !== null);
      if (joined.some((id) => about.has(id))) for (const id of joined) about.add(id);
    }
  }
  return about;
}

/** Counts every edit for both sides: values pulled from one record have met those of the other. */
function ofEither(edits: Edit[]): Edit[] {
  return edits.flatMap((edit): Edit[] => [
    { ...edit, side: 'ours' },
    { ...edit, side: 'theirs' },
  ]);
}

function* lostIn(made: Edit[], edits: Edit[], conflicts: Conflict[], held: Held): Generator<string> {
  for (const edit of made) {
    const { side, field, value } = edit;
    if (value === null) continue; // a row created later has a substitute for the name
    // A person who deletes one of two records deletes its values.
    if (side === 'theirs' && edits.some((e) => e.id === edit.id && e.field === 'deleted')) continue;
    const other = side === 'ours' ? 'theirs' : 'ours';
    const edited = (on: Edit['side']): Edit[] => edits.filter((e) => e.side === on && e.field === field);
    const wasHeld = held[side].some((values) => lower(values[field]) === lower(value));
    if (!wasHeld) continue; // an interrupted edit may never have been made
    const after = valuesSince(held[side], field, value);
    if (edited(side).some((e) => e.value !== value && after.includes(lower(e.value)))) continue;
    // The same value set again does not show that it was a new edit.
    if (edits.some((e) => e !== edit && e.field === field && lower(e.value) === lower(value))) continue;
    // Of two records that a choice has joined, each still holds its own edits.
    const own = side === 'ours' ? held.ours : held.record;
    if (lower(own.at(-1)?.[field]) === lower(value)) continue;
    if (held[other].some((values) => values[field] === value) && edited(other).some((e) => e.at >= edit.at))
      continue;
    if (side === 'theirs' && overwrittenBefore(edit, edits, held)) continue;
    if (conflicts.some((c) => c.field === field && (c.ours === value || c.theirs === value))) continue;
    yield `lost without a conflict row: ${side} ${edit.id} ${field} = ${value}`;
  }
}

/**
 * Whether the record belonged to another row before, that row took their value, and a person then
 * gave that row another value, which was written to the record. A second record that gets an email
 * of its own gets a row of its own, with the values that it has at that time: the value that the
 * person overwrote is in versions of the earlier row, and in none of the new row.
 */
function overwrittenBefore(edit: Edit, edits: Edit[], { before, record }: Held): boolean {
  const { field, value, at } = edit;
  return edits.some((later) => {
    if (later.side !== 'ours' || later.field !== field || later.at < at) return false;
    const held = [before.get(later.id) ?? [], record];
    return held.every((versions) => valuesSince(versions, field, value).includes(lower(later.value)));
  });
}

/** The values of a field after it held a value for the last time; none if it never held it. */
function valuesSince(versions: Versions, field: string, value: string | null): (string | null)[] {
  const place = versions.findLastIndex((values) => lower(values[field]) === lower(value));
  return place < 0 ? [] : versions.slice(place + 1).map((values) => lower(values[field]));
}

function* madeUp(
  edits: Edit[],
  conflicts: Conflict[],
  { withoutBase }: { withoutBase: boolean },
): Generator<string> {
  const values = (side: Edit['side']): Set<string | null> =>
    new Set(edits.filter((e) => e.side === side).map((e) => e.value));
  const [ours, theirs] = [values('ours'), values('theirs')];
  const seen = new Set<string>();
  for (const { kind, field, ours: our, theirs: their } of conflicts) {
    if (kind !== 'both_moved' && kind !== 'overwritten_unseen') continue;
    const text = `${kind} of ${field ?? ''}: ours ${our ?? 'null'}, theirs ${their ?? 'null'}`;
    const isTheirs = theirs.has(their) || (withoutBase && kind === 'both_moved' && ours.has(their));
    if (their !== null && !isTheirs) yield `no edit of theirs had this value: ${text}`;
    if (kind === 'both_moved' && our !== null && !ours.has(our))
      yield `no edit of ours had this value: ${text}`;
    // Their value may come again beside another value of ours; a value that was set twice proves
    // nothing.
    const set = edits.filter((e) => e.field === field && lower(e.value) === lower(their));
    const key = `${field ?? ''}|${our ?? 'null'}|${their ?? 'null'}`;
    if (set.length === 1 && seen.has(key)) yield `recorded twice: ${text}`;
    seen.add(key);
  }
}

const lower = (value: string | null | undefined): string | null => value?.toLowerCase() ?? null;

type Versions = Record<string, string | null>[];

/** `before`: of every other row that a choice has ever joined with the pair. */
type Held = Record<Edit['side'] | 'record', Versions> & { before: Map<Edit['id'], Versions> };

/** The values of our row in each of its versions. */
async function ourValues(db: Db, row: number): Promise<Versions> {
  const rows = await read<{ data: Record<string, string | null> }>(
    db,
    `select payload -> 'customer_data' as data from sync_events
     where entity_id = ${row} and event_type in ('customer.created', 'customer.updated') order by id`,
  );
  return rows.map(({ data }) => data);
}

function theirValues(events: ReportedEvent[], externalIds: string[]): Versions {
  return events.flatMap(({ data: { object } }) => {
    return object.id !== undefined && externalIds.includes(object.id)
      ? [{ name: object.name ?? null, email: object.email ?? null }]
      : [];
  });
}

async function read<T>(db: Db, sql: string): Promise<T[]> {
  return (await db.raw<{ rows: T[] }>(sql)).rows;
}
