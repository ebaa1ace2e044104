// Moves sequences forward that are behind their tables: after a cut-over by logical replication
// (which does not replicate sequences), a restore of data alone, rows that were loaded with their
// ids, or a setval by a person.
//
// Guarantees: a sequence is only moved forward, above every number that the database knows of; each
// move is stored in sequence_moves. Assumes nothing of writers: they may draw at the same moment. A
// lock keeps two processes from moving at once. If a writer draws between the comparison and the
// move, the move can at worst go back over numbers that were just drawn. For event ids this cannot
// happen (the move is a million wide); for others the next insert meets a number that is taken, and
// moves the sequence again.
//
// A crash after the note and before the move of sync_event_ids leaves a sequence that is behind and
// will be found again; a crash after the move leaves the note, because of which the relay looks for
// events that were lost meanwhile (relay/floor-walk.ts).
import type { Db, Tx } from '../server/handles.ts';
import { sqlState } from '../server/errors.ts';
import { readEventIdState, readTableSequences, type EventIdState, type SequenceState } from './state.ts';

export type SequenceMove = {
  sequence: string;
  movedFrom: number;
  movedTo: number;
  /** The earlier type or greatest value, if it was changed; otherwise null. */
  widenedFrom: string | null;
};

/** A sequence that should be moved or widened and was not, and what a person can do. */
export type StuckSequence = { sequence: string; says: string; fix: string };

export type Moved = { moved: SequenceMove[]; stuck: StuckSequence[] };

/**
 * Compares each sequence with its table, and the sequence of the event ids also with the relay's
 * floor; moves those that are behind.
 */
export async function moveSequences(db: Db): Promise<Moved> {
  const result: Moved = { moved: await moveEventIds(db, await readEventIdState(db)), stuck: [] };
  for (const state of await readTableSequences(db)) {
    if (!state.behind && state.narrow === null) continue;
    const stuck = whyStuck(state);
    if (stuck) result.stuck.push(stuck);
    else await moveOrSay(db, state, result);
  }
  return result;
}

/** What moveSequences would do; changes nothing. */
export async function findBehind(db: Db): Promise<StuckSequence[]> {
  const { last, newest, floor, saved } = await readEventIdState(db);
  const found = (await readTableSequences(db)).filter(({ behind, narrow }) => behind || narrow !== null);
  return [
    ...(floor < saved ? [sayBehind('relay_floor', floor, saved, 'relay_cursor.pending_floor')] : []),
    ...(last < newest ? [sayBehind('sync_event_ids', last, newest, 'the newest event id')] : []),
    ...found.map(
      (state) => whyStuck(state) ?? { sequence: state.sequence, says: sayState(state), fix: RESTART },
    ),
  ];
}

const RESTART = 'Each process moves it forward at its start, and running workers within a minute.';

function sayBehind(sequence: string, last: number, newest: number, what: string): StuckSequence {
  return {
    sequence,
    says: `the sequence ${sequence} is behind: it is at ${last}, and ${what} is ${newest}`,
    fix: RESTART,
  };
}

// The floor first: a writer that draws meanwhile then draws above the floor.
async function moveEventIds(db: Db, { last, newest, floor, saved }: EventIdState): Promise<SequenceMove[]> {
  const moved: SequenceMove[] = [];
  if (floor < saved) {
    await db.raw('select raise_relay_floor(:saved)', { saved });
    moved.push(await noteMove(db, { sequence: 'relay_floor', movedFrom: floor, movedTo: saved }));
  }
  if (last < newest) {
    // Stored before the move: the relay must look for lost events also if this process dies in
    // between.
    moved.push(
      await noteMove(db, { sequence: 'sync_event_ids', movedFrom: last, movedTo: newest + EVENT_ID_MARGIN }),
    );
    await db.raw('select move_sync_event_ids()');
  }
  return moved;
}

/** As move_sync_event_ids() has it. */
const EVENT_ID_MARGIN = 1_000_000;

const noteSql = `
insert into sequence_moves (sequence, moved_from, moved_to, widened_from, walked_to)
values (:sequence, :movedFrom, :movedTo, :widenedFrom, case when :sequence = 'sync_event_ids' then 0 end)`;

async function noteMove(
  db: Db | Tx,
  move: Omit<SequenceMove, 'widenedFrom'> & { widenedFrom?: string | null },
): Promise<SequenceMove> {
  const noted = { widenedFrom: null, ...move };
  await db.raw(noteSql, noted);
  return noted;
}

/** Any fixed number: the process that holds this advisory lock moves a table's sequence. */
const MOVE_LOCK = 7_240_117;
/**
 * A change of type waits for every transaction that has drawn an id, and writers wait behind it.
 */
const LOCK_TIMEOUT_MS = 1_000;

async function moveOrSay(db: Db, { sequence }: SequenceState, result: Moved): Promise<void> {
  try {
    const move = await db.transaction((tx) => moveOne(tx, sequence));
    if (move) result.moved.push(move);
  } catch (error) {
    if (sqlState(error) !== '55P03') throw error;
    result.stuck.push({
      sequence,
      says: `the sequence ${sequence} could not be changed: a transaction that is open has drawn from it`,
      fix: RESTART,
    });
  }
}

async function moveOne(tx: Tx, sequence: string): Promise<SequenceMove | null> {
  await tx.raw(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await tx.raw(`select pg_advisory_xact_lock(${MOVE_LOCK})`);
  // Another process may have moved it meanwhile.
  const state = (await readTableSequences(tx)).find((each) => each.sequence === sequence);
  if (!state || !(state.behind || state.narrow !== null)) return null;
  const name = sequence.replaceAll('?', '\\?');
  if (state.narrow !== null) await tx.raw(`alter sequence ${name} as bigint no maxvalue`);
  const movedTo = state.behind ? firstAtOrBeyond(state) : state.last;
  if (state.behind) await tx.raw('select setval(:sequence::text::regclass, :movedTo)', { sequence, movedTo });
  return await noteMove(tx, { sequence, movedFrom: state.last, movedTo, widenedFrom: state.narrow });
}

/**
 * Steps of more than one may have a meaning (two servers that give out odd and even ids), so the
 * step is kept.
 */
function firstAtOrBeyond({ last, newest, increment }: SequenceState): number {
  return last + Math.ceil(((newest ?? last) - last) / increment) * increment;
}

function whyStuck(state: SequenceState): StuckSequence | null {
  const { sequence, behind, narrow, mayMove, mayAlter } = state;
  if ((!behind || mayMove) && (narrow === null || mayAlter)) return null;
  const commands = [
    ...(narrow === null ? [] : [`alter sequence ${sequence} as bigint no maxvalue;`]),
    ...(behind ? [`select setval(${literal(sequence)}, ${firstAtOrBeyond(state)});`] : []),
  ];
  return {
    sequence,
    says: `${sayState(state)}, and this role may not change it`,
    fix: `Run as its owner: ${commands.join(' ')}`,
  };
}

function sayState({ sequence, column, last, newest, behind, narrow }: SequenceState): string {
  return [
    `the sequence ${sequence} of ${column}`,
    ...(behind ? [`is behind: it is at ${last}, and the newest id is ${newest}`] : []),
    ...(narrow === null ? [] : [`${behind ? 'and ' : ''}is too small for a bigint: it has ${narrow}`]),
  ].join(' ');
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
