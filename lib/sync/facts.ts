// What a decision may have to know beyond what was loaded: each fact has a name, what is asked, and
// what the answer looks like.
//
// `know` answers from what this claim has found out so far. A fact that is not known yet ends the
// decision: `decide` then answers with the action that finds it out, and is asked again with the
// answer. So a rung reads as if everything were known, and stays pure.
import type { Decision as RecordDecision, Holder } from '../../db/external-records.ts';
import type { ValueOfRow } from '../../db/events/origins.ts';
import type { EchoIntent, UnnamedWrite } from '../../db/closed-intents.ts';
import type { Candidate } from '../../db/mappings/adopt.ts';
import type { Mapping, OpenIntent } from '../../db/mappings/mappings.ts';
import type { ExternalRecord, Failure, Fetched } from '../integrations/integration.ts';

export type Answer<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/**
 * Why a record is read. `merge`: both sides are compared. `delete`: also for what forbids a delete.
 * `match`: whose record is it? What it shows is kept among the unmatched records. `candidate`: may
 * it be the row's, before one is made? `consent`, `decision`: a person named it. `alias`: is it
 * still a second record of its row? `winner`: another record was merged into it.
 */
export type ReadPurpose =
  | 'merge'
  | 'delete'
  | 'match'
  | 'candidate'
  | 'consent'
  | 'decision'
  | 'alias'
  | 'winner';

/** What a search for the record of a create of unknown outcome came to (perform/search-create.ts). */
export type CreateSearch =
  /**
   * The oldest record that has the row's owner tag, and the other such records. `byAnother`: the
   * system's events reach back to the first send, and none of them says that our request made it.
   */
  | { found: string; others: string[]; byAnother: boolean }
  | { found: null }
  /** A list does not cover the time for certain yet. */
  | { notBefore: Date; failure: Failure }
  | { place: 'events' | 'list' | 'search' | 'identity'; failure: Failure };

/**
 * Our closed intents by their key, and deletes, which have none, by the system's id of the request.
 * Any client can choose any key.
 */
export interface Echoes {
  byKey: ReadonlyMap<string, EchoIntent>;
  byRequest: ReadonlyMap<string, EchoIntent>;
  /**
   * At a system that guards no update: updates of the pair of which an event may be the echo that names
   * neither (unnamed-echo.ts).
   */
  unnamed: readonly UnnamedWrite[];
}

export interface Facts {
  /** Closed intents of ours that the step's inbound events are echoes of. */
  echoes: { ask: { of: 'inbound' }; answer: Echoes };
  /** External ids of second records of the row that live, as far as we know. */
  aliases: { ask: { customerId: number }; answer: string[] };
  /** For how many milliseconds since then nothing was sent to the system at all. */
  stopped: { ask: { since: string }; answer: number };
  /** Unmatched records with an identity; `isRead`: every record of the account was read once. */
  sameIdentity: { ask: { identity: string }; answer: { isRead: boolean; externalIds: string[] } };
  /** The mappings that hold these records. */
  holders: { ask: { externalIds: string[] }; answer: Holder[] };
  rowByOwnerTag: { ask: { tag: string }; answer: Candidate | null };
  rowByIdentity: { ask: { identity: string }; answer: Candidate | null };
  rowById: { ask: { customerId: number }; answer: Candidate | null };
  /** What a person decided about an unmatched record. */
  recordDecision: { ask: { externalId: string }; answer: RecordDecision | null };
  /** Who made the value that a field of our row has had since this version, or before it. */
  origin: { ask: ValueOfRow; answer: string | null };
  otherMapping: { ask: { id: number }; answer: Mapping | null };
  /** One GET. */
  record: { ask: { externalId: string; for: ReadPurpose }; answer: Answer<Fetched> };
  /** One GET of a record that theirs names, of whatever kind; null for a kind that the system does not keep. */
  namedRecord: { ask: { entity: string; externalId: string }; answer: Answer<Fetched> | null };
  /** The system's records with this very identity. */
  recordsByIdentity: { ask: { identity: string }; answer: Answer<ExternalRecord[]> };
  /** Which of several records with one identity is the row's (choose-record.ts). */
  bestRecord: { ask: { externalIds: string[] }; answer: Answer<string | null> };
  createdRecord: { ask: { intent: OpenIntent['id'] }; answer: CreateSearch };
}

export type FactName = keyof Facts;
export type Fact = { [Name in FactName]: { about: Name; ask: Facts[Name]['ask'] } }[FactName];

/** How a fact is found out: from our own database, by reading one record, or by a search at the system. */
export const sources: Record<FactName, 'ask' | 'read' | 'look'> = {
  echoes: 'ask',
  aliases: 'ask',
  stopped: 'ask',
  sameIdentity: 'ask',
  holders: 'ask',
  rowByOwnerTag: 'ask',
  rowByIdentity: 'ask',
  rowById: 'ask',
  recordDecision: 'ask',
  origin: 'ask',
  otherMapping: 'ask',
  record: 'read',
  namedRecord: 'read',
  recordsByIdentity: 'look',
  bestRecord: 'look',
  createdRecord: 'look',
};

/** The facts that a claim has found out, by what was asked. */
export type Known = ReadonlyMap<string, unknown>;

export function withFact(known: Known, fact: Fact, answer: unknown): Known {
  return new Map(known).set(keyOf(fact), answer);
}

/** Ends a decision that lacks a fact; only `decide` catches it. */
export class NotKnown extends Error {
  readonly fact: Fact;

  constructor(fact: Fact) {
    super(`not known yet: ${fact.about}`);
    this.fact = fact;
  }
}

/**
 * The answer, if this claim has it; else the decision ends here, and is made again once the fact
 * was found out.
 */
export function know<Name extends FactName>(
  { known }: { known: Known },
  about: Name,
  ask: Facts[Name]['ask'],
): Facts[Name]['answer'] {
  const fact = { about, ask } as Fact;
  const key = keyOf(fact);
  if (!known.has(key)) throw new NotKnown(fact);
  // Stored under this key by `withFact` alone, with the answer of this fact.
  return known.get(key) as Facts[Name]['answer'];
}

function keyOf({ about, ask }: Fact): string {
  return `${about} ${JSON.stringify(ask)}`;
}
