// What workers will do with a row or a record once the consents of a first link are given: `decide`
// is asked about the situation that they will find (lib/sync/ahead.ts), made from what the plan has
// listed. Nothing is read or called for it.
import type { ListedCandidate } from '../../db/mappings/adopt.ts';
import type { LinkRow, ListedState } from '../../db/mappings/first-link.ts';
import type { LoadedRow, LoadedStep } from '../../db/mappings/load.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import { codeOf } from '../../db/mappings/reason.ts';
import type { ExternalRecord, Fetched } from '../integrations/integration.ts';
import type { Action } from '../sync/action.ts';
import { lookAhead, type KnownFacts } from '../sync/ahead.ts';
import { compare } from '../sync/comparison.ts';
import type { Facts } from '../sync/facts.ts';
import type { Plan } from '../sync/merge.ts';
import { pullsOff } from '../sync/rungs/pull.ts';
import type { SyncDeps } from '../sync/step.ts';
import type { PairChanges } from './planned-link.ts';

/** A listed record with what is known of it; it is kept until the whole list is known. */
export interface Listed {
  record: ExternalRecord;
  state: ListedState;
  /** The row that its owner tag names, and the one that has its email. */
  tagged: ListedCandidate | null;
  mailed: ListedCandidate | null;
}

/** Records that share an identity and have no row: which of them is the best. */
export interface Alike {
  externalIds: string[];
  best: string;
}

export type PairOutlook =
  /** `waits`: the reason for which the linked pair waits, where it does. */
  { linked: true; changes: PairChanges; waits: string | null } | { linked: false };

/** The row's consent names the record. */
export function outlookOfPair(deps: SyncDeps, row: LinkRow, record: ExternalRecord): PairOutlook {
  const ahead = lookAhead(deps, consented(row, record.externalId), (fact) =>
    fact.about === 'record' ? present(record) : undefined,
  );
  const { action, situation } = ahead;
  if (situation.mapping.externalId === null) return { linked: false };
  const compared = compare(situation);
  // What is sent beside a pull that is off leaves the pair waiting all the same.
  const waits = pullsOff(situation) === null ? reasonOf(action) : 'pulls_off';
  return { linked: true, waits, changes: compared ? changesOf(compared.plan) : AGREED };
}

/** A record is made for the row; or it was deleted, and ends; or it waits. */
export type RowOutlook = 'made' | 'ended' | { waits: string };

/**
 * The row's consent names no record. No record that is free to be linked has the row's email: it
 * would be the row's pair in the plan.
 */
export function outlookOfRow(deps: SyncDeps, row: LinkRow, deleted = false): RowOutlook {
  const { action } = lookAhead(deps, consented(row, null, deleted), ({ about }) => {
    switch (about) {
      case 'sameIdentity':
        return { isRead: true, externalIds: [] } satisfies Facts['sameIdentity']['answer'];
      case 'recordsByEmail':
        return { ok: true, value: [] } satisfies Facts['recordsByEmail']['answer'];
      default:
        return undefined;
    }
  });
  if (action.do === 'settle' && action.outcome.kind === 'ended') return 'ended';
  const waits = reasonOf(action);
  return waits === null ? 'made' : { waits };
}

export type RecordOutlook =
  | { becomes: 'row' }
  | { becomes: 'alias'; customer: number }
  /** It is linked with a row that waits for no first link. */
  | { becomes: 'pair' }
  /** It stays without a row, for this reason. */
  | { becomes: 'nothing'; why: string }
  /** Other records without a row may have its email: the list has to be known to its end. */
  | { becomes: 'undecided'; identity: string };

/** What becomes of a record that no consent of the plan names, once all consents are carried out. */
export function outlookOfRecord(deps: SyncDeps, listed: Listed, alike: Alike | null = null): RecordOutlook {
  const { restsFor } = listed.state;
  // The consents make no worker look at it again.
  if (restsFor !== null) return { becomes: 'nothing', why: restsFor };
  const { action } = lookAhead(deps, unmatched(listed.record), factsOf(deps, listed, alike));
  return becomesBy(action, listed);
}

function becomesBy(action: Action, { record }: Listed): RecordOutlook {
  switch (action.do) {
    case 'ask':
    case 'read':
    case 'look':
      if (action.fact.about === 'sameIdentity')
        return { becomes: 'undecided', identity: action.fact.ask.identity };
      throw new Error(`the plan does not know ${action.fact.about} of ${record.externalId}`);
    case 'write_ours':
      return { becomes: action.ours.write === 'import' ? 'row' : 'pair' };
    case 'settle':
      if (action.outcome.kind === 'alias') return { becomes: 'alias', customer: action.outcome.customerId };
      break;
    default:
  }
  return { becomes: 'nothing', why: reasonOf(action) ?? action.do };
}

function factsOf(deps: SyncDeps, listed: Listed, alike: Alike | null): KnownFacts {
  return (fact) => {
    switch (fact.about) {
      case 'record':
        return present(listed.record);
      case 'rowByOwnerTag':
        return listed.tagged && asLinked(deps, listed.tagged);
      case 'rowByEmail':
        return listed.mailed && asLinked(deps, listed.mailed);
      case 'recordDecision':
        return listed.state.decision;
      // Of the row that has its email: its own record is read first, and has not moved.
      case 'otherMapping':
        return null;
      case 'sameIdentity':
        return alike ? { isRead: true, externalIds: alike.externalIds } : undefined;
      case 'bestRecord':
        return alike ? { ok: true, value: alike.best } : undefined;
      default:
        return undefined;
    }
  };
}

/** Of a record that is still to be made. */
const TO_BE_MADE = 'to_be_made';

/** The row as it stands once its consent is carried out. */
function asLinked({ policy }: SyncDeps, row: ListedCandidate): ListedCandidate {
  if (!waitsForLink(row) && !isConsented(row)) return row;
  if (row.deleted) return { ...row, ended: true, link: null };
  // With writes off no record is made for it.
  const externalId = row.named ?? (policy.writes ? TO_BE_MADE : null);
  return { ...row, mappingId: row.mappingId ?? 0, externalId, link: externalId === null ? 'named' : null };
}

/** The row waits for the first link, and no consent was given: it may still be without a mapping. */
export function waitsForLink({ mappingId, externalId, ended, link }: ListedCandidate): boolean {
  return externalId === null && !ended && (mappingId === null || link === 'awaited');
}

/** A consent was given, and is not carried out yet. */
export function isConsented({ link }: ListedCandidate): boolean {
  return link === 'named';
}

function present(record: ExternalRecord): { ok: true; value: Fetched } {
  const answered = { requestId: null, status: 200, answeredAt: null };
  return { ok: true, value: { ...answered, state: 'present', record, blocksDelete: null } };
}

/** Why nothing more is done, where something is left to do. */
function reasonOf(action: Action): string | null {
  if (action.do !== 'settle') return null;
  const { outcome } = action;
  switch (outcome.kind) {
    case 'waiting':
    case 'parked':
      return codeOf(outcome.reason);
    case 'postponed':
      return outcome.failure.code;
    default:
      return null;
  }
}

function changesOf({ pull, push, conflicts }: Plan): PairChanges {
  const clashes = conflicts.flatMap(({ field, winner }) => (field === null ? [] : [{ field, winner }]));
  const filled = (field: string): boolean => !clashes.some((clash) => clash.field === field);
  if (clashes.length + Object.keys(pull).length + Object.keys(push).length === 0) return AGREED;
  return {
    here: Object.keys(pull).filter(filled),
    there: Object.keys(push).filter(filled),
    conflicts: clashes,
  };
}

/** Most pairs: one for all of them. */
const AGREED: PairChanges = { here: [], there: [], conflicts: [] };

/** The row as a worker loads it after the consent: `named` is the record that the consent names. */
function consented(row: LinkRow, named: string | null, deleted = false): LoadedStep {
  const { customerId: id, mappingId, name, email, version, createdEventId } = row;
  const loaded: LoadedRow = {
    ...{ id, name, email, version, createdEventId },
    deletedAt: deleted ? new Date(0).toISOString() : null,
  };
  return step(loaded, {
    ...{ id: mappingId ?? 0, internalId: id, state: 'waiting', reason: { code: 'not_linked', detail: null } },
    consent: { to: 'record', external_id: named, by: null, at: new Date(0).toISOString() },
    wantedVersion: version,
  });
}

/** The record as a worker loads it: its mapping was made to look at it. */
function unmatched({ externalId }: ExternalRecord): LoadedStep {
  return step(null, { externalId, mustRead: true });
}

function step(row: LoadedRow | null, mapping: Partial<Mapping>): LoadedStep {
  return { row, deliveries: [], lastIntent: null, mapping: { ...NEW_MAPPING, ...mapping } };
}

const NEW_MAPPING: Mapping = {
  ...{ id: 0, entityType: 'customer', internalId: null, system: '', account: '', externalType: '' },
  ...{ role: 'primary', externalId: null, state: 'pending', reason: null, consent: null, ending: null },
  ...{ decision: null, shadow: {}, wantedVersion: 0, pushedVersion: 0, dirty: 1, clean: 0 },
  ...{ mustRead: false, attempts: 0, firstFailedAt: null, lastError: null, nextAttemptAt: null },
  ...{ fence: 0, intentNumber: 0, intent: null, knownEmail: null, voidTag: null },
};
