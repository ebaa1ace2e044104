// Several records that claim one row in the plan of the first link: the owner tag counts before the
// email, and among equals the rule of lib/sync/choose-record.ts decides. Only such records are read
// once more, to find out how they are used.
import { saidOfChoice, type RecordChoice } from '../sync/choose-record.ts';
import { chooseAmong } from '../sync/record-activity.ts';
import type { Listed } from './link-outlook.ts';
import type { NotTaken, PlannedPair } from './planned-link.ts';
import type { SyncDeps } from '../sync/step.ts';

/** A record that can be linked with a row by a consent. */
export type Claim = { pair: PlannedPair; listed: Listed };

/** By customer, the records that claim it, in the order of the list. */
export type Claims = Map<number, Claim[]>;

/** Adds the claim of a record on a row. If a page was read twice, a record counts once. */
export function addClaim(claims: Claims, claim: Claim): void {
  const { customer, externalId } = claim.pair;
  const some = claims.get(customer);
  if (!some) claims.set(customer, [claim]);
  else if (!some.some(({ pair }) => pair.externalId === externalId)) some.push(claim);
}

/**
 * Decides which record the row gets; the other records that exist are returned with the reason why
 * they were not taken. Null if all the records are gone by now.
 */
export async function chooseClaim(
  deps: SyncDeps,
  claims: Claim[],
): Promise<{ pair: PlannedPair; others: { listed: Listed; by: NotTaken }[] } | null> {
  const [only] = claims;
  if (claims.length === 1 && only) return { pair: only.pair, others: [] };
  const tagged = claims.filter(({ pair }) => pair.by === 'mark');
  const asked = tagged.length > 0 ? tagged : claims;
  const choice = await chooseAmong(deps, asked.map(idOf));
  const chosen = asked.find((claim) => idOf(claim) === choice?.externalId);
  if (!choice || !chosen) return null;
  const others = [
    ...notTaken(choice, asked),
    ...claims
      .filter((claim) => !asked.includes(claim))
      .map(({ listed }) => ({ listed, by: 'mark' as const })),
  ];
  const over = others.map(({ listed, by }) => ({ externalId: listed.record.externalId, by }));
  return { pair: { ...chosen.pair, over }, others };
}

function notTaken({ over }: RecordChoice, claims: Claim[]): { listed: Listed; by: NotTaken }[] {
  return over.flatMap(({ externalId, by }) => {
    const claim = claims.find((one) => idOf(one) === externalId);
    return claim ? [{ listed: claim.listed, by }] : [];
  });
}

function idOf({ pair }: Claim): string {
  return pair.externalId;
}

/** A sentence part for people, to stand after the id of the record that was chosen. */
export function saidOfNotTaken(by: NotTaken): string {
  switch (by) {
    case 'mark':
      return "it has the customer's owner tag";
    case 'linked':
      return 'the customer is linked with it already';
    default:
      return saidOfChoice(by);
  }
}
