// What workers will do with a row or a record once the consents of a first link are given: `decide`
// answers for the situation that the workers will find (lib/sync/ahead.ts), which is made from the
// rows and records that the plan has listed. Nothing else is read, and no system is called.
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
import { isWanted, leavesBy } from '../sync/wanted.ts';
import type { PairChanges } from './planned-link.ts';

/** A listed record, its state, and the rows that it may belong to. */
export interface Listed {
  record: ExternalRecord;
  state: ListedState;
  /** The row that the owner tag of the record names, and the row that has its email. */
  tagged: ListedCandidate | null;
  mailed: ListedCandidate | null;
}

/** Records that share an identity and have no row: which of them is the best. */
export interface Alike {
  externalIds: string[];
  best: string;
}

export type PairOutlook =
  /** `waits`: the reason for which the linked pair waits; null if it does not wait. */
  { linked: true; changes: PairChanges; waits: string | null } | { linked: false };

/** What happens to a row and the record that its consent names. */
export function outlookOfPair(deps: SyncDeps, row: LinkRow, record: ExternalRecord): PairOutlook {
  const ahead = lookAhead(deps, consented(row, record.externalId), (fact) => {
    // Who made a value of the row is not listed: a field's owner is taken to be none of the systems
    // that may have brought it.
    if (fact.about === 'origin') return null;
    return fact.about === 'record' ? present(record) : undefined;
  });
  const { action, situation } = ahead;
  if (situation.mapping.externalId === null) return { linked: false };
  const waitsOutside = leavesBy(situation) !== null;
  const compared = waitsOutside ? null : compare(situation);
  // If pulls are off, the pair waits even after a value was sent.
  const waits = waitsOutside || pullsOff(situation) === null ? reasonOf(action) : 'pulls_off';
  return { linked: true, waits, changes: compared ? changesOf(compared.plan) : AGREED };
}

/** A record is created for the row; or the row was deleted, and its pair ends; or the row waits. */
export type RowOutlook = 'made' | 'ended' | { waits: string };

/**
 * What happens to a row whose consent names no record. No record that can be linked has the row's
 * email: the plan would have paired the two.
 */
export function outlookOfRow(deps: SyncDeps, row: LinkRow, deleted = false): RowOutlook {
  const { action } = lookAhead(deps, consented(row, null, deleted), ({ about }) => {
    switch (about) {
      case 'sameIdentity':
        return { isRead: true, externalIds: [] } satisfies Facts['sameIdentity']['answer'];
      case 'recordsByIdentity':
        return { ok: true, value: [] } satisfies Facts['recordsByIdentity']['answer'];
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
  /** The record is linked with a row that does not wait for the first link. */
  | { becomes: 'pair' }
  /** The record stays without a row, for this reason. */
  | { becomes: 'nothing'; why: string }
  /** Other records without a row may have the same email: the whole list must be read first. */
  | { becomes: 'undecided'; identity: string };

/** What happens to a record that no consent names, once the consents of the plan are carried out. */
export function outlookOfRecord(deps: SyncDeps, listed: Listed, alike: Alike | null = null): RecordOutlook {
  const { restsFor } = listed.state;
  // The consents do not make a worker look at the record again.
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
      case 'rowByIdentity':
        return listed.mailed && asLinked(deps, listed.mailed);
      case 'recordDecision':
        return listed.state.decision;
      // About the row that has the email: its own record is read first, and is unchanged.
      case 'otherMapping':
        return null;
      case 'sameIdentity':
        return alike ? { isRead: true, externalIds: alike.externalIds } : undefined;
      // Those alike are records that no step has looked at yet.
      case 'holders':
        return alike ? [] : undefined;
      case 'bestRecord':
        return alike ? { ok: true, value: alike.best } : undefined;
      default:
        return undefined;
    }
  };
}

/** The external id of a record that is not created yet. */
const TO_BE_MADE = 'to_be_made';

/** The row after its consent is carried out. */
function asLinked({ policy, integration, entity }: SyncDeps, row: ListedCandidate): ListedCandidate {
  if (!waitsForLink(row) && !isConsented(row)) return row;
  if (row.deleted) return { ...row, ended: true, link: null };
  // With writes off no record is created for the row, nor where the system is not to have it.
  const isMade = policy.writes && isWanted(integration.document.condition, entity, row.fields);
  const externalId = row.named ?? (isMade ? TO_BE_MADE : null);
  return { ...row, mappingId: row.mappingId ?? 0, externalId, link: externalId === null ? 'named' : null };
}

/** Whether the row waits for the first link without a consent; it may have no mapping yet. */
export function waitsForLink({ mappingId, externalId, ended, link }: ListedCandidate): boolean {
  return externalId === null && !ended && (mappingId === null || link === 'awaited');
}

/** Whether a consent was given that is not carried out yet. */
export function isConsented({ link }: ListedCandidate): boolean {
  return link === 'named';
}

function present(record: ExternalRecord): { ok: true; value: Fetched } {
  const answered = { requestId: null, status: 200, answeredAt: null };
  return { ok: true, value: { ...answered, state: 'present', record, blocksDelete: null } };
}

/** The reason why work is left undone; null if no work is left. */
function reasonOf(action: Action): string | null {
  if (action.do !== 'settle') return null;
  const { outcome } = action;
  switch (outcome.kind) {
    case 'waiting':
    case 'parked':
      return codeOf(outcome.reason);
    case 'not_wanted':
      return outcome.kind;
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

/** Most pairs have no change, and share this constant. */
const AGREED: PairChanges = { here: [], there: [], conflicts: [] };

/** The row as a worker loads it after the consent: `named` is the record that the consent names. */
function consented(row: LinkRow, named: string | null, deleted = false): LoadedStep {
  const { customerId: id, mappingId, fields, version, createdEventId } = row;
  const loaded: LoadedRow = {
    ...{ id, fields, version, createdEventId },
    deletedAt: deleted ? new Date(0).toISOString() : null,
  };
  return step(loaded, {
    ...{ id: mappingId ?? 0, internalId: id, state: 'waiting', reason: { code: 'not_linked', detail: null } },
    consent: { to: 'record', external_id: named, by: null, at: new Date(0).toISOString() },
    wantedVersion: version,
  });
}

/** The record as a worker loads it: its mapping was created so that the record is read. */
function unmatched({ externalId }: ExternalRecord): LoadedStep {
  return step(null, { externalId, mustRead: true });
}

function step(row: LoadedRow | null, mapping: Partial<Mapping>): LoadedStep {
  return { row, deliveries: [], lastIntent: null, mapping: { ...NEW_MAPPING, ...mapping } };
}

const NEW_MAPPING: Mapping = {
  ...{ id: 0, entityType: 'customer', internalId: null, system: '', account: '', externalType: '' },
  ...{
    role: 'primary',
    externalId: null,
    madeRecord: false,
    state: 'pending',
    reason: null,
    consent: null,
    ending: null,
  },
  ...{ decision: null, shadow: {}, wantedVersion: 0, pushedVersion: 0, dirty: 1, clean: 0 },
  ...{ mustRead: false, attempts: 0, firstFailedAt: null, lastError: null, nextAttemptAt: null },
  ...{ fence: 0, intentNumber: 0, parts: 0, intent: null, knownEmail: null, voidTag: null },
  mergedInto: null,
};
