// Lists both sides of a first link, page by page: which records claim a row that waits, and what
// workers will do with each other record and row (link-outlook.ts). The plan itself decides which
// record a row gets, and a person consents to that: by our owner tag, then by email, and among
// several records by a rule (link-rivals.ts).
//
// A page costs two statements. Until the end of the list, two kinds of records are kept whole: a
// record that claims a row, and a record that would become a row. Of any other record only the id
// is kept.
import { isToImport } from '../../db/account-readings.ts';
import type { Target } from '../../db/deliveries.ts';
import { targetOf } from '../sync/kinds.ts';
import { readConnection } from '../../db/connections.ts';
import { findListed } from '../../db/mappings/adopt.ts';
import { readListed, readUnmappedRows, readWaitingRows, type LinkRow } from '../../db/mappings/first-link.ts';
import type { ExternalRecord } from '../integrations/integration.ts';
import { writtenIdentity } from '../sync/identity.ts';
import { chooseAmong } from '../sync/record-activity.ts';
import type { SyncDeps } from '../sync/step.ts';
import { isUuid } from '../uuid.ts';
import {
  isConsented,
  outlookOfPair,
  outlookOfRecord,
  outlookOfRow,
  waitsForLink,
  type Listed,
  type RecordOutlook,
} from './link-outlook.ts';
import { addClaim, chooseClaim, type Claim, type Claims } from './link-rivals.ts';
import type { LinkPlan, NotTaken } from './planned-link.ts';

const PAGE = 1_000;

/** The records that are kept until the list has been read to its end. */
interface Reading {
  claims: Claims;
  /** Records that would become rows, by their identity. */
  unmatched: Map<string, Listed[]>;
}

/** Reads the list of records once. */
export async function listRecords(
  deps: SyncDeps,
  plan: LinkPlan,
  onPage: (records: number) => void,
): Promise<void> {
  const { db, integration } = deps;
  const { system, document } = integration;
  const account = (await readConnection(db, system))?.account ?? '';
  const where = { ...targetOf({ system, document }), account };
  const reading: Reading = { claims: new Map(), unmatched: new Map() };
  const { imports, pulls } = deps.policy;
  // Workers read the account before anything else, so the decisions of that reading stand by then.
  const byReading = (await isToImport(db, where, imports && pulls)) ? 'import' : null;
  for await (const page of integration.list({})) {
    for (const { state, ...listed } of await readPage(deps, where, page))
      place(deps, plan, reading, { ...listed, state: { ...state, decision: state.decision ?? byReading } });
    onPage(page.length);
  }
  await settleClaims(deps, plan, reading.claims);
  await settleUnmatched(deps, plan, reading.unmatched);
}

async function readPage(
  { db, entity, integration }: SyncDeps,
  where: Target & { account: string },
  page: ExternalRecord[],
): Promise<Listed[]> {
  const asked = page.map((record) => ({
    externalId: record.externalId,
    ownerTag: isUuid(record.ownerTag) ? record.ownerTag : null,
    identity: writtenIdentity(entity, integration.document.fields, record),
  }));
  const states = await readListed(
    db,
    where,
    page.map(({ externalId }) => externalId),
  );
  const candidates = await findListed(db, where, asked);
  const [tagged, mailed] = (['tag', 'identity'] as const).map(
    (how) => new Map(candidates.flatMap((one) => (one.by === how ? [[one.of, one] as const] : []))),
  );
  const byId = new Map(states.map((state) => [state.externalId, state]));
  return page.flatMap((record) => {
    const state = byId.get(record.externalId);
    if (!state) return [];
    const { externalId: id } = record;
    return [{ record, state, tagged: tagged?.get(id) ?? null, mailed: mailed?.get(id) ?? null }];
  });
}

function place(deps: SyncDeps, plan: LinkPlan, { claims, unmatched }: Reading, listed: Listed): void {
  const { record, state, tagged, mailed } = listed;
  if (state.known) {
    plan.known += 1;
    return;
  }
  // An earlier consent names the record already.
  if ([tagged, mailed].some((row) => row && isConsented(row) && row.named === record.externalId)) return;
  const claim = claimOf(deps, listed);
  if (claim) return addClaim(claims, claim);
  const outlook = outlookOfRecord(deps, listed);
  if (outlook.becomes !== 'undecided') return note(plan, listed, outlook);
  const alike = unmatched.get(outlook.identity);
  if (!alike) unmatched.set(outlook.identity, [listed]);
  // If a page was read twice, a record counts once.
  else if (!alike.some((one) => one.record.externalId === record.externalId)) alike.push(listed);
}

/**
 * The claim of the record on the row that a consent can link it with; null if no such row waits, or
 * the two would not be linked.
 */
function claimOf(deps: SyncDeps, listed: Listed): Claim | null {
  const { record, tagged, mailed } = listed;
  const row = record.ownerTag !== null ? tagged : deps.policy.linkByEmail === 'never' ? null : mailed;
  if (!row || row.deleted || !waitsForLink(row)) return null;
  const outlook = outlookOfPair(deps, row, record);
  if (!outlook.linked) return null;
  const { customerId: customer, mappingId: mapping } = row;
  const by = record.ownerTag !== null ? 'mark' : 'email';
  const { changes, waits } = outlook;
  return {
    listed,
    pair: { customer, mapping, externalId: record.externalId, by, changes, waits, over: NONE },
  };
}

/** Most pairs have no other record, and share this constant. */
const NONE: Claim['pair']['over'] = [];

async function settleClaims(deps: SyncDeps, plan: LinkPlan, claims: Claims): Promise<void> {
  for (const [customer, some] of claims) {
    const chosen = await chooseClaim(deps, some);
    if (!chosen) continue;
    plan.pairs.set(customer, chosen.pair);
    for (const { listed, by } of chosen.others) {
      const { tagged, mailed } = listed;
      const linked = (row: Listed['tagged']): Listed['tagged'] =>
        row?.customerId === customer ? { ...row, externalId: chosen.pair.externalId, link: null } : row;
      const as = { ...listed, tagged: linked(tagged), mailed: linked(mailed) };
      note(plan, as, outlookOfRecord(deps, as), by);
    }
  }
}

async function settleUnmatched(
  deps: SyncDeps,
  plan: LinkPlan,
  unmatched: Reading['unmatched'],
): Promise<void> {
  for (const some of unmatched.values()) {
    const externalIds = some.map(({ record }) => record.externalId);
    const choice = some.length > 1 ? await chooseAmong(deps, externalIds) : null;
    const best = choice?.externalId ?? externalIds[0];
    for (const listed of some) {
      const { externalId } = listed.record;
      const by = choice?.over.find((other) => other.externalId === externalId)?.by;
      if (externalId === best) note(plan, listed, outlookOfRecord(deps, listed, { externalIds, best }));
      // The best record has become a row by then.
      else if (by) plan.aliases.push({ externalId, customer: null, by });
    }
  }
}

/** `by`: why another record was taken for its row. */
function note(
  plan: LinkPlan,
  { record: { externalId } }: Listed,
  outlook: RecordOutlook,
  by: NotTaken = 'linked',
): void {
  switch (outlook.becomes) {
    case 'row':
      return void plan.imports.push(externalId);
    case 'alias':
      return void plan.aliases.push({ externalId, customer: outlook.customer, by });
    case 'pair':
      return void plan.matches.push(externalId);
    case 'nothing':
      if (outlook.why === 'other_environment') plan.elsewhere += 1;
      else plan.others.push({ externalId, why: outlook.why });
      return;
    case 'undecided':
      throw new Error(`the plan does not say what is done with the record ${externalId}`);
  }
}

/**
 * Reads the rows that wait, with and without a mapping; for a row without a listed record, a new
 * record is planned.
 */
export async function listRows(
  deps: SyncDeps,
  plan: LinkPlan,
  onPage: (rows: number) => void,
): Promise<void> {
  const { db, integration } = deps;
  const { system, document } = integration;
  const make = (row: LinkRow, deleted = false): void => {
    const { customerId: customer, mappingId: mapping } = row;
    if (plan.pairs.has(customer)) return;
    const outlook = outlookOfRow(deps, row, deleted);
    if (outlook === 'ended' && mapping !== null) plan.ended.push(mapping);
    else plan.creates.push({ customer, mapping, waits: typeof outlook === 'string' ? null : outlook.waits });
  };
  for (let after = 0; ;) {
    const rows = await readWaitingRows(db, system, after, PAGE);
    for (const row of rows) {
      if (row.consented) plan.underWay += 1;
      else make(row, row.deleted);
    }
    onPage(rows.length);
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) break;
    after = last.mappingId;
  }
  for (let after = 0; ;) {
    const rows = await readUnmappedRows(db, { system, externalType: document.externalType }, after, PAGE);
    for (const row of rows) make(row);
    onPage(rows.length);
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.customerId;
  }
}
