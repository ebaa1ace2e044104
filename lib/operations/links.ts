// Linking by consent. A record has the email of a row of ours and no owner tag of that row: it
// waits until a person consents that the two are one customer, because anyone can check out with
// anyone's email. The consent is kept on the mapping; reconcile
// (lib/sync/rungs/unmatched-record.ts) reads the record once more and links it, if the email still
// belongs to that row.
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import { lockMappings, type Mapping } from '../../db/mappings/mappings.ts';
import type { Consent } from '../../db/mappings/consent.ts';
import { shownReason } from '../../db/mappings/shown.ts';
import { giveConsent } from '../../db/mappings/writes/consents.ts';
import { recordAction } from '../../db/operator-actions.ts';
import type { Clock } from '../clock.ts';
import { inOnce, type Once } from './once.ts';

export type ConsentOutcome =
  /**
   * A worker reads the record again and links it. `consented_already`: the consent was given
   * before, and is not given twice.
   */
  | { outcome: 'consented' | 'consented_already'; mapping: Mapping }
  | { outcome: 'cannot_link'; mapping: Mapping; why: string }
  | { outcome: 'not_found' };

export type LinkOperations = {
  /** `actor` gives the consent, for the audit trail. */
  consent(mappingId: number, actor: string | null, once?: Once<ConsentOutcome>): Promise<ConsentOutcome>;
};

export function createLinkOperations({ db, clock }: { db: Db; clock: Clock }): LinkOperations {
  return {
    consent: (mappingId, actor, once) => {
      const work = async (tx: Tx): Promise<ConsentOutcome> => {
        const [mapping] = await lockMappings(tx, [mappingId]);
        if (!mapping) return { outcome: 'not_found' };
        const asked = askedFor(mapping);
        if ('why' in asked) return { outcome: 'cannot_link', mapping, ...asked };
        if (mapping.consent !== null) return { outcome: 'consented_already', mapping };
        const now = clock.now();
        const { customer } = asked;
        const consent: Consent = { to: 'customer', customer, by: actor, at: now.toISOString() };
        await giveConsent(tx, { id: mapping.id, consent, now });
        await recordAction(tx, {
          ...{ action: 'link', system: mapping.system, actor: actor ?? 'unknown', reason: null, at: now },
          detail: { external_id: mapping.externalId },
          before: { state: mapping.state, consent: null },
          after: { state: mapping.state, consent: { to: 'customer', customer } },
          pairs: [{ mappingId, eventId: null }],
        });
        return {
          outcome: 'consented',
          mapping: { ...mapping, consent, dirty: mapping.dirty + 1 },
        };
      };
      return withTransaction(db, inOnce(once, work));
    },
  };
}

/** The customer that the mapping waits for a consent about; or why a consent would do nothing for it. */
function askedFor(mapping: Mapping): { customer: number } | { why: string } {
  const { state, reason, internalId } = mapping;
  if (state === 'waiting' && reason?.code === 'ask_link' && internalId === null)
    return { customer: reason.detail.customer };
  return { why: whyNotLinked(mapping) };
}

function whyNotLinked(mapping: Mapping): string {
  const { state, reason, internalId, externalId } = mapping;
  if (internalId !== null && externalId !== null && state !== 'alias')
    return `${externalId} is linked with customer ${internalId} already.`;
  if (reason?.code === 'not_linked')
    return 'The customer waits for the first link of both sides, which is decided for all customers together: npx twinbox link --dry-run.';
  switch (state) {
    case 'alias':
      return `${externalId ?? 'The record'} is a second record of customer ${internalId ?? '?'}, who is linked with another one: npx twinbox link ${internalId ?? 'CUSTOMER'} --record ${externalId ?? 'ID'} links this record instead.`;
    case 'waiting':
    case 'parked':
      return `The mapping is ${state} with the reason ${shownReason(mapping) ?? 'unknown'}, and a consent would not change that.`;
    default:
      return `The mapping is ${state}: it waits for no consent.`;
  }
}
