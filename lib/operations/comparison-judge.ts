// How one pair is judged by a comparison, whether all pairs are compared (comparison.ts) or those of one
// customer (compare-one.ts). It reads, and writes nothing.
import { readConnection } from '../../db/connections.ts';
import { findByTag } from '../../db/mappings/adopt.ts';
import { readPairs, rereadPair, type ComparedPair } from '../../db/mappings/comparison.ts';
import { hasEnded } from '../../db/mappings/state.ts';
import { ifAble } from '../catalogue/transforms.ts';
import type { ExternalRecord } from '../integrations/integration.ts';
import { same } from '../sync/canonical.ts';
import { targetOf } from '../sync/kinds.ts';
import type { SyncDeps } from '../sync/step.ts';
import { oursOf, theirsOf } from '../sync/values.ts';
import { isWanted } from '../sync/wanted.ts';
import { isUuid } from '../uuid.ts';
import { readPairAgain } from './comparison-pages.ts';

export type Finding = {
  kind: 'drift' | 'pending' | 'parked' | 'missing' | 'waiting' | 'held' | 'alias' | 'detached' | 'closed';
  mapping: number | null;
  customer: number | null;
  externalId: string | null;
  /** Names of fields that differ, or a stable code; never values. */
  why: string;
  /** The fields that differ, where the finding is about fields. */
  fields?: readonly string[];
};

export interface Comparison {
  agree: number;
  findings: Finding[];
  /** Unmatched records at the system: without an owner tag of ours. */
  unknownThere: number;
  /**
   * Those of them that have no owner tag at all and were created since this database receives
   * events: an event should have reported them.
   */
  notReceived: string[];
}

export function emptyReport(): Comparison {
  return { agree: 0, findings: [], unknownThere: 0, notReceived: [] };
}

export function judgeUnlinked(deps: SyncDeps, report: Comparison, pair: ComparedPair): void {
  if (hasEnded(pair)) {
    if (pair.row === null || pair.row.deletedAt !== null || pair.ended === 'replaced') return;
    // The pair of the original: the row of this copy has one of its own, or is found to have none.
    if (pair.ended === 'copied') return;
    // An alias that was deleted at the system ends nothing in our table.
    if (pair.isAlias) return;
    if (pair.ended === 'let_go') return add(report, pair, 'detached', 'let_go');
    add(report, pair, 'drift', `${pair.state}_but_alive_here`);
  } else if (!aside(deps, report, pair)) add(report, pair, 'pending', 'not_linked_yet');
}

/** Reports a pair that is known not to agree, for a reason that stands in its mapping. */
function aside(deps: SyncDeps, report: Comparison, pair: ComparedPair): boolean {
  if (pair.state === 'waiting' && pair.reason === 'not_wanted' && pair.dirty === pair.clean) {
    // The condition may have been changed since a worker looked at the pair.
    if (isLeftOut(deps, pair)) report.agree += 1;
    else add(report, pair, 'drift', 'wanted_now');
    return true;
  }
  // It needs no person: the work goes on when the account is read.
  if (pair.state === 'waiting' && pair.reason === 'account_unread' && !pair.isClosed) {
    add(report, pair, 'pending', pair.reason);
    return true;
  }
  if (pair.state === 'parked' || pair.state === 'waiting' || pair.state === 'alias') {
    add(report, pair, pair.isClosed ? 'closed' : pair.state, pair.reason ?? pair.state);
    return true;
  }
  return false;
}

export async function judge(
  deps: SyncDeps,
  report: Comparison,
  pair: ComparedPair,
  record: ExternalRecord,
): Promise<void> {
  if (aside(deps, report, pair)) return;
  if (pair.dirty === pair.clean && isLeftOut(deps, pair)) {
    // No worker has looked at the pair since the condition leaves its row out.
    if (deps.integration.document.condition?.onLeave !== 'delete') report.agree += 1;
    else add(report, pair, 'drift', 'not_wanted');
    return;
  }
  const differing = differences(deps, pair, record);
  if (differing === null) return add(report, pair, 'parked', 'transform_failed');
  if (differing.length === 0 && pair.row?.deletedAt === null) {
    report.agree += 1;
    return;
  }
  const held = differing.length > 0 && differing.every((field) => pair.shadow[field]?.reason !== undefined);
  if (held) return add(report, pair, 'held', differing.join(','), differing);
  // A list page and our rows are not of the same moment: both are read again before a difference is
  // reported.
  await judgeAgain(deps, report, pair, differing);
}

async function judgeAgain(
  deps: SyncDeps,
  report: Comparison,
  pair: ComparedPair,
  seen: string[],
): Promise<void> {
  const fetched = pair.externalId === null ? null : await deps.integration.fetch(pair.externalId);
  const now = await readPairAgain(deps, pair.mappingId);
  if (!now) return add(report, pair, 'pending', 'changed_meanwhile');
  const moved =
    now.dirty !== now.clean ||
    now.dirty !== pair.dirty ||
    now.row?.version !== pair.row?.version ||
    (now.row?.version ?? 0) > now.wantedVersion ||
    now.intent;
  if (moved) return add(report, pair, 'pending', seen.join(',') || 'on_its_way', seen);
  if (fetched?.state === 'missing') return add(report, pair, 'missing', 'unknown_there');
  if (now.row === null) return add(report, pair, 'drift', 'no_row_here');
  if (fetched?.state === 'merged') return add(report, pair, 'drift', 'merged_there');
  if (fetched?.state !== 'present') return add(report, pair, 'drift', 'deleted_there');
  if (now.row.deletedAt !== null) return add(report, pair, 'drift', 'deleted_here');
  const differing = differences(deps, now, fetched.record);
  if (differing === null) add(report, now, 'parked', 'transform_failed');
  else if (differing.length === 0) report.agree += 1;
  else add(report, pair, 'drift', differing.join(','), differing);
}

export function judgeAbsent(deps: SyncDeps, report: Comparison, pair: ComparedPair): Promise<void> {
  if (aside(deps, report, pair)) return Promise.resolve();
  return judgeAgain(deps, report, pair, []);
}

/**
 * A record that no mapping named when the comparison began: it is new, belongs to another
 * installation, or is one of ours that lost its pair.
 */
export async function judgeUnknown(
  deps: SyncDeps,
  report: Comparison,
  record: ExternalRecord,
): Promise<void> {
  if (record.ownerTag === null) {
    report.unknownThere += 1;
    return;
  }
  const [pair] = await readPairs(deps.db, deps.integration.system, 0, 1, record.externalId);
  if (pair?.ended === 'let_go') return; // that pair is judged when the pairs are compared
  // A person decided that this record was gone, and the row has had another record since.
  if (pair?.ended === 'replaced') return add(report, pair, 'alias', 'replaced_but_there');
  if (pair) return add(report, pair, 'pending', 'linked_meanwhile');
  const owner = await taggedRow(deps, record.ownerTag);
  if (owner && (owner.dirty !== owner.clean || owner.intent))
    return add(report, owner, 'pending', 'not_linked_yet');
  const fetched = await deps.integration.fetch(record.externalId);
  if (fetched.state !== 'present') return;
  // Read last: the answer to the create of this record may have been settled between the two reads
  // above.
  const [linked] = await readPairs(deps.db, deps.integration.system, 0, 1, record.externalId);
  if (linked) return add(report, linked, 'pending', 'linked_meanwhile');
  report.findings.push({
    kind: 'drift',
    mapping: null,
    customer: null,
    externalId: record.externalId,
    why: owner === null ? 'lost_row' : 'our_tag_without_mapping',
  });
}

/** The pair of the row that an owner tag names: the create of its record may not be settled yet. */
async function taggedRow(deps: SyncDeps, ownerTag: string): Promise<ComparedPair | null> {
  const { system, document } = deps.integration;
  const account = (await readConnection(deps.db, system))?.account;
  if (account === null || account === undefined || !isUuid(ownerTag)) return null;
  const owner = await findByTag(deps.db, { ...targetOf({ system, document }), account }, ownerTag);
  return owner === null || owner.mappingId === null ? null : rereadPair(deps.db, owner.mappingId);
}

/** Whether the present condition leaves the row out. */
function isLeftOut({ integration, entity }: SyncDeps, { row }: ComparedPair): boolean {
  const { condition } = integration.document;
  return row?.deletedAt === null && !isWanted(condition, entity, row.fields);
}

/** Null where a transform of the user's own cannot carry a value of theirs: a worker parks the pair with it. */
export function differences(deps: SyncDeps, pair: ComparedPair, record: ExternalRecord): string[] | null {
  const rules = deps.integration.document.fields;
  if (!pair.row) return ['row'];
  const ours = oursOf(rules, pair.row);
  const theirs = ifAble(() => theirsOf(rules, record.fields));
  if (theirs === null) return null;
  return rules
    .filter((rule) => !same(rule, ours[rule.internal], theirs[rule.internal]))
    .map((rule) => rule.internal);
}

function add(
  report: Comparison,
  pair: ComparedPair,
  kind: Finding['kind'],
  why: string,
  fields?: readonly string[],
): void {
  const { mappingId: mapping, internalId: customer, externalId } = pair;
  report.findings.push({ kind, mapping, customer, externalId, why, ...(fields && { fields }) });
}
