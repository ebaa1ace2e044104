// A person chooses which record at the external system a customer is linked with, at the first link
// or later, and decides about a customer whose record was deleted while another record of the
// customer exists.
//
// A record that is known as an alias takes the place of the primary in the call itself, in one
// transaction (lib/sync/perform/exchange.ts). Any other record is first read by a worker: the
// choice is kept on the mapping of the record, through failures and restarts. A crash before the
// commit leaves nothing of it.
import { findPrimary, findRecordMapping, insertRecordMapping } from '../../db/mappings/aliases.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import type { Decision } from '../../db/mappings/consent.ts';
import { storeLinkConsents } from '../../db/mappings/writes/consents.ts';
import { noteDecision } from '../../db/mappings/writes/decisions.ts';
import { giveRecord } from '../../db/mappings/writes/records.ts';
import { urgencies } from '../../db/urgency.ts';
import { lockConnection } from '../../db/connections.ts';
import { readRow, type MappedRow } from '../../db/entities/rows.ts';
import { fold } from '../../db/email-fold.ts';
import { lockMappings, type Mapping } from '../../db/mappings/mappings.ts';
import { recordAction, type Change } from '../../db/operator-actions.ts';
import { identityName, type Entity } from '../catalogue/entity.ts';
import { identityOf, identityOfRow } from '../sync/identity.ts';
import type { Clock } from '../clock.ts';
import { failpoint } from '../failpoint.ts';
import { chosenFor, isReleased } from '../sync/consent.ts';
import { exchange, hasMoved, pairOf } from '../sync/perform/exchange.ts';
import { inOnce, type Once } from './once.ts';

export type ChoiceOutcome =
  /**
   * The two records have changed places; `insteadOf` is an alias now, or was deleted at the system
   * before. A worker reads and merges.
   */
  | { outcome: 'linked'; customer: number; externalId: string; insteadOf: string | null }
  /** Nothing was changed: it is the customer's record already. */
  | { outcome: 'linked_already'; customer: number; externalId: string }
  /**
   * A worker reads the record, and links it if it exists. `insteadOf`: what is linked until then.
   */
  | {
      outcome: 'consented' | 'consented_already';
      customer: number;
      externalId: string;
      insteadOf: string | null;
    }
  | { outcome: 'cannot_link'; why: string }
  /**
   * A request to the record that is linked now is not finished: the same call succeeds after it.
   */
  | { outcome: 'in_progress'; why: string }
  | { outcome: 'not_found' };

export type NewOutcome =
  | { outcome: 'new_consented' | 'new_consented_already'; customer: number; externalId: null }
  | { outcome: 'cannot_link'; why: string }
  | { outcome: 'not_found' };

export type AcceptOutcome =
  | { outcome: 'accepted' | 'accepted_already'; customer: number; externalId: string | null }
  | { outcome: 'cannot_link'; why: string }
  | { outcome: 'not_found' };

export type ChoiceOperations = {
  /** `actor` is who chose, for the audit trail. */
  choose(
    customerId: number,
    externalId: string,
    actor: string | null,
    once?: Once<ChoiceOutcome>,
  ): Promise<ChoiceOutcome>;
  /**
   * A new record is created for a customer that waits because records with its email exist; those
   * records stay as they are.
   */
  makeNew(customerId: number, actor: string | null, once?: Once<NewOutcome>): Promise<NewOutcome>;
  /**
   * The customer is deleted in our table, as its record was at the system; its other records stay
   * at the system.
   */
  acceptDeletion(
    customerId: number,
    actor: string | null,
    once?: Once<AcceptOutcome>,
  ): Promise<AcceptOutcome>;
};

export type ChoiceOperationsDeps = {
  db: Db;
  clock: Clock;
  /** Wakes the relay after a commit that wrote an event. */
  nudge: () => void;
  entity: Entity;
  target: { system: string; externalType: string };
};

type Where = { entity: Entity; system: string; account: string; entityType: string; externalType: string };
type Asked = { where: Where; customer: MappedRow; externalId: string; actor: string | null; now: Date };

/** What external systems accept as an id; never empty. */
const ANY_ID = /^\S{1,255}$/;

export function createChoiceOperations(deps: ChoiceOperationsDeps): ChoiceOperations {
  const { db, clock, nudge, entity } = deps;
  const { system, externalType } = deps.target;

  /**
   * Runs in one transaction with the connection locked first: no outbound event is received
   * meanwhile, so none is given to the wrong pair.
   */
  function inAccount<T>(once: Once<T> | undefined, work: (tx: Tx, where: Where) => Promise<T>): Promise<T> {
    const locked = async (tx: Tx): Promise<T> => {
      const account = (await lockConnection(tx, system))?.account ?? '';
      return work(tx, { entity, system, account, entityType: entity.name, externalType });
    };
    return withTransaction(db, inOnce(once, locked));
  }

  return {
    async choose(customerId, externalId, actor, once) {
      if (!ANY_ID.test(externalId))
        return { outcome: 'cannot_link', why: 'An id of a record has 1 to 255 characters and no spaces.' };
      const result = await inAccount(once, async (tx, where): Promise<ChoiceOutcome> => {
        const customer = await readRow(tx, entity, customerId);
        if (!customer || customer.deletedAt) return { outcome: 'not_found' };
        const asked = { where, customer, externalId, actor, now: clock.now() };
        const chosen = await chooseOnce(tx, asked);
        if (chosen.outcome === 'linked' || chosen.outcome === 'consented')
          await noteChosen(tx, asked, chosen.insteadOf);
        await failpoint('choice.before-commit');
        return chosen;
      });
      await failpoint('choice.after');
      if (result.outcome === 'linked') nudge();
      return result;
    },

    makeNew: (customerId, actor, once) =>
      inAccount(once, async (tx, where): Promise<NewOutcome> => {
        const primary = await lockWaiting(tx, { ...where, customerId }, 'not_linked');
        if ('outcome' in primary) return primary;
        const about = { customer: customerId, externalId: null };
        const now = clock.now();
        const consents = [{ mappingId: primary.id, externalId: null }];
        const how = { by: actor, anew: true, urgency: urgencies.edit, now } as const;
        const given = await storeLinkConsents(tx, consents, how);
        if (given === 0) return { outcome: 'new_consented_already', ...about };
        await note(tx, system, { mappingIds: [primary.id], ...decided(primary, 'new_record'), actor, now });
        return { outcome: 'new_consented', ...about };
      }),

    acceptDeletion: (customerId, actor, once) =>
      inAccount(once, async (tx, where): Promise<AcceptOutcome> => {
        const primary = await lockWaiting(tx, { ...where, customerId }, 'alias_lives', 'record_merged');
        if ('outcome' in primary) return primary;
        const about = { customer: customerId, externalId: primary.externalId };
        if (isReleased(primary)) return { outcome: 'accepted_already', ...about };
        const now = clock.now();
        const decision: Decision = { kind: 'release', by: actor, at: now.toISOString(), why: null };
        await noteDecision(tx, { id: primary.id, decision, now });
        const what = decided(primary, 'accepted_deletion');
        await note(tx, system, { mappingIds: [primary.id], ...what, actor, now });
        return { outcome: 'accepted', ...about };
      }),
  };
}

type Noted = Change & { detail: Record<string, unknown> };

/** A pair that waited, and what was decided about it. */
function decided({ state, reason }: Mapping, decision: string): Noted {
  const before = { state, reason: reason?.code ?? null };
  return { detail: { [decision]: true }, before, after: { decision } };
}

function changed(insteadOf: string | null, externalId: string): Noted {
  const detail = { external_id: externalId, instead_of: insteadOf };
  return { detail, before: { external_id: insteadOf }, after: { external_id: externalId } };
}

async function noteChosen(
  tx: Tx,
  { where, customer, externalId, actor, now }: Asked,
  insteadOf: string | null,
): Promise<void> {
  const primary = await findPrimary(tx, { ...where, customerId: customer.id });
  const mappingIds = primary ? [primary.id] : [];
  await note(tx, where.system, { mappingIds, ...changed(insteadOf, externalId), actor, now });
}

/** Last in the transaction: the audit trail of what a person asked for. */
async function note(
  tx: Tx,
  system: string,
  { mappingIds, actor, now, ...asked }: { mappingIds: number[]; actor: string | null; now: Date } & Noted,
): Promise<void> {
  await recordAction(tx, {
    ...{ action: 'link', system, actor: actor ?? 'unknown', reason: null, at: now },
    ...asked,
    pairs: mappingIds.map((mappingId) => ({ mappingId, eventId: null })),
  });
}

/** The pair of a living customer that waits for this decision, locked; else why there is none. */
async function lockWaiting(
  tx: Tx,
  where: Where & { customerId: number },
  ...codes: ('not_linked' | 'alias_lives' | 'record_merged')[]
): Promise<Mapping | { outcome: 'not_found' } | { outcome: 'cannot_link'; why: string }> {
  const { customerId, entity } = where;
  const customer = await readRow(tx, entity, customerId);
  if (!customer || customer.deletedAt) return { outcome: 'not_found' };
  const found = await findPrimary(tx, where);
  const [primary] = found ? await lockMappings(tx, [found.id]) : [];
  const isFor = codes.some((code) => primary?.reason?.code === code);
  if (primary?.state === 'waiting' && isFor) return primary;
  return { outcome: 'cannot_link', why: `Customer ${customerId} does not wait for this decision.` };
}

async function chooseOnce(tx: Tx, asked: Asked): Promise<ChoiceOutcome> {
  const { where, customer, externalId, actor, now } = asked;
  const customerId = customer.id;
  const own = await findPrimary(tx, { ...where, customerId });
  const found = await findRecordMapping(tx, { ...where, externalId });
  const ids = [own?.id, found?.id].filter((id) => id !== undefined);
  const { from, to } = pairOf(await lockMappings(tx, ids), own?.id ?? 0, found?.id ?? 0);
  if ((own && !from) || (found && !to)) return CHANGING;
  const about = { customer: customerId, externalId };
  if (from && to?.id === from.id)
    return from.state === 'waiting' && from.reason?.code === 'alias_lives'
      ? {
          outcome: 'cannot_link',
          why: `${externalId} was deleted at the external system: choose another record.`,
        }
      : { outcome: 'linked_already', ...about };
  const insteadOf = from?.externalId ?? null;
  if (to && chosenFor(to) === customerId) return { outcome: 'consented_already', ...about, insteadOf };
  const why = from && to ? await whyNotChosen(tx, to, customerId, where.entity) : null;
  if (why !== null || !from) return { outcome: 'cannot_link', why: why ?? notMapped(customerId) };
  if (from.intent !== null)
    return {
      outcome: 'in_progress',
      why: `A request to ${insteadOf ?? 'create the record of the customer'} is not finished. Try again once it is; while requests fail or are switched off, it stays open.`,
    };
  if (to?.state === 'alias' && to.internalId === customerId && !hasMoved(from, customerId)) {
    await exchange(tx, where.entity, { from, to, customerId, actor, now });
    return { outcome: 'linked', ...about, insteadOf };
  }
  const mapping = to ?? (await insertRecordMapping(tx, { ...where, externalId }));
  if (!mapping) return CHANGING;
  const consent = {
    to: 'customer',
    customer: customerId,
    chosen: true,
    by: actor,
    at: now.toISOString(),
  } as const;
  await giveRecord(tx, { mapping, consent, now });
  return { outcome: 'consented', ...about, insteadOf };
}

const CHANGING = { outcome: 'in_progress', why: 'This pair is changing at this moment. Try again.' } as const;

function notMapped(customerId: number): string {
  return (
    'The customer has no pair to link: no worker has received the customer yet (npx twinbox status says what runs), ' +
    `or its pair was detached (npx twinbox resolve ${customerId} --record ID links the customer with a record).`
  );
}

/** Why a record cannot be linked with the customer; null if it can. */
async function whyNotChosen(
  tx: Tx,
  { state, internalId, externalId, intent, knownEmail, mergedInto }: Mapping,
  customerId: number,
  entity: Entity,
): Promise<string | null> {
  const id = externalId ?? 'It';
  if (mergedInto !== null) return `${id} was merged into ${mergedInto} at the external system.`;
  if (state === 'tombstoned') return `${id} was deleted at the external system.`;
  if (intent !== null) return `A request to ${id} is not finished.`;
  if (internalId === null || internalId === customerId) return null;
  const other = await readRow(tx, entity, internalId);
  if (!other || other.deletedAt)
    return state === 'alias' || state === 'detached'
      ? null
      : `${id} is being deleted at the external system with customer ${internalId}.`;
  if (state !== 'alias') return `${id} is linked with customer ${internalId}.`;
  const sameEmail = knownEmail === null || fold(knownEmail) === identityOf(identityOfRow(entity, other));
  return sameEmail
    ? `${id} is a second record of customer ${internalId}, by its ${identityName(entity)}.`
    : null;
}
