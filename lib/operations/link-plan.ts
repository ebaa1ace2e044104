// The plan of the first link: what a consent would do with every row that waits and with every
// record of the system. Rows are matched by our owner tag, then by email; a row without a match
// gets a new record. Of two records with one email, the rule of lib/sync/choose-record.ts takes
// one. The plan writes nothing, and keeps a few values for each match, never a record or a row.
//
// The consents are then stored in pages, each in a transaction of its own. A crash between two
// pages leaves the earlier ones stored; the plan is made again, and a consent that is already
// stored counts once. Records without a consent are raised first, and aliases together with the
// consent for their row, since no command makes a plan once no row waits any more.
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import { lockConnection, readConnection } from '../../db/connections.ts';
import {
  askForNewRecords,
  countOnTheirWay,
  findWaitingMappings,
  storeLinkConsents,
  insertNotLinked,
  matchRecords,
  readUnmappedRows,
  readWaitingRows,
} from '../../db/mappings/first-link.ts';
import { recordAction } from '../../db/operator-actions.ts';
import type { LinkRow, LinkConsent, ListedRecord, RecordMatch } from '../../db/mappings/first-link.ts';
import { urgencies } from '../../db/urgency.ts';
import type { ExternalRecord, Integration } from '../integrations/integration.ts';
import type { FieldRule, Fields, Value } from '../catalogue/document.ts';
import { canonical } from '../sync/canonical.ts';
import { isUuid } from '../uuid.ts';
import { claim, decideRivals, type Rivals } from './link-rivals.ts';
import type { LinkPlan, PairChanges, PlannedPair } from './planned-link.ts';
import { merge } from '../sync/merge.ts';
import type { SyncDeps } from '../sync/step.ts';
import { theirsOf } from '../sync/values.ts';

const PAGE = 1_000;

/** Reads all records and all rows once. `onProgress` receives how many of each were read. */
export async function planFirstLink(
  deps: SyncDeps,
  onProgress: (done: number) => void = () => undefined,
): Promise<LinkPlan> {
  const plan: LinkPlan = {
    pairs: new Map(),
    creates: [],
    ended: [],
    underWay: 0,
    pending: 0,
    aliases: [],
    imports: [],
    others: [],
    elsewhere: 0,
    known: 0,
  };
  const { db, integration } = deps;
  const { system, document } = integration;
  const where = { system, externalType: document.externalType };
  const rivals: Rivals = new Map();
  let done = 0;
  for await (const page of integration.list({})) {
    const listed = page.map((record) => toListed(document.fields, record));
    const matches = await matchRecords(db, where, listed);
    const byId = new Map(matches.map((match) => [match.externalId, match]));
    for (const record of page) {
      const match = byId.get(record.externalId);
      if (match) place(plan, rivals, deps, record, match);
    }
    onProgress((done += page.length));
  }
  plan.pending = await countOnTheirWay(db, where);
  await decideRivals(deps, plan, rivals);
  for (let after = 0; ;) {
    const rows = await readWaitingRows(db, system, after, PAGE);
    for (const { customerId: customer, mappingId: mapping, consented, deleted } of rows) {
      if (consented) plan.underWay += 1;
      else if (deleted) plan.ended.push(mapping);
      else if (!plan.pairs.has(customer)) plan.creates.push({ customer, mapping });
    }
    onProgress((done += rows.length));
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) break;
    after = last.mappingId;
  }
  for (let after = 0; ;) {
    const customers = await readUnmappedRows(db, where, after, PAGE);
    for (const customer of customers)
      if (!plan.pairs.has(customer)) plan.creates.push({ customer, mapping: null });
    onProgress((done += customers.length));
    const last = customers.at(-1);
    if (last === undefined || customers.length < PAGE) return plan;
    after = last;
  }
}

function toListed(rules: FieldRule[], { externalId, ownerTag, fields }: ExternalRecord): ListedRecord {
  return { externalId, ownerTag: isUuid(ownerTag) ? ownerTag : null, email: emailOf(rules, fields) };
}

function emailOf(rules: FieldRule[], record: Fields): Value {
  return canonical(theirsOf(rules, record)['email']);
}

/** Finds the row that a record belongs to. Several records may claim one row. */
function place(
  plan: LinkPlan,
  rivals: Rivals,
  deps: SyncDeps,
  record: ExternalRecord,
  match: RecordMatch,
): void {
  const { externalId, ownerTag, foreignTag, fields } = record;
  const { imports, linkByEmail } = deps.policy;
  if (match.known) plan.known += 1;
  else if (foreignTag && ownerTag === null) plan.elsewhere += 1;
  else if (match.row?.consented === true) {
    if (match.row.named !== externalId) plan.others.push({ externalId, why: 'email_taken' });
  } else if (ownerTag !== null) {
    if (match.row) claim(plan, rivals, pairOf(deps.integration, record, match.row, 'mark'));
    else plan.others.push({ externalId, why: match.taggedRow === null ? 'lost_row' : 'marked' });
  } else if (match.row && linkByEmail !== 'never')
    claim(plan, rivals, pairOf(deps.integration, record, match.row, 'email'));
  else if (match.row || match.taken) plan.others.push({ externalId, why: 'email_taken' });
  else if (emailOf(deps.integration.document.fields, fields) === null)
    plan.others.push({ externalId, why: 'no_email' });
  else if (imports) plan.imports.push(externalId);
  else plan.others.push({ externalId, why: 'not_imported' });
}

function pairOf(
  { document }: Integration,
  { externalId, fields }: ExternalRecord,
  row: LinkRow,
  by: PlannedPair['by'],
): PlannedPair {
  const changes = changesOf(document.fields, row, fields);
  return { customer: row.customerId, mapping: row.mappingId, externalId, by, changes, over: NONE };
}

/** Most pairs have no other record, and share this constant. */
const NONE: PlannedPair['over'] = [];

/** What the merge of a pair without a base does: the same rule that the worker uses. */
function changesOf(rules: FieldRule[], { name, email }: LinkRow, record: Fields): PairChanges {
  const { pull, push, conflicts } = merge({
    rules,
    shadow: {},
    ours: { name, email },
    theirs: theirsOf(rules, record),
  });
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

const AT_ONCE = 500;

/**
 * The mapping of each row; for a row of which no event has been received yet, one that waits is
 * made.
 */
async function withMappings(
  { db, integration }: SyncDeps,
  rows: { customer: number; mapping: number | null; externalId: string | null }[],
): Promise<LinkConsent[]> {
  const unmapped = rows.filter(({ mapping }) => mapping === null).map(({ customer }) => customer);
  const { system, document } = integration;
  const account = unmapped.length > 0 ? (await readConnection(db, system))?.account : null;
  const made = new Map<number, number>();
  if (typeof account === 'string') {
    const where = { system, externalType: document.externalType, account };
    for (let from = 0; from < unmapped.length; from += AT_ONCE) {
      const some = unmapped.slice(from, from + AT_ONCE);
      // Only these rows: a row that was created after the plan has no consent, and would wait for
      // one.
      await withTransaction(db, async (tx) => {
        await lockConnection(tx, system); // the receiver makes mappings under the same lock
        await insertNotLinked(tx, where, some);
      });
      const page = await findWaitingMappings(db, where, some);
      for (const [customer, mapping] of page) made.set(customer, mapping);
    }
  }
  return rows.flatMap(({ customer, mapping, externalId }) => {
    const mappingId = mapping ?? made.get(customer);
    // An event of this row was received meanwhile: the step looks for its record by itself.
    return mappingId === undefined ? [] : [{ mappingId, externalId }];
  });
}

export interface ConsentsGiven {
  rows: number;
  records: number;
}

/**
 * Stores the consents of a plan; workers carry them out, after the changes that are made now.
 * `actor` gave the consents.
 */
export async function storeConsents(
  deps: SyncDeps,
  plan: LinkPlan,
  actor: string,
  onProgress: (done: number) => void = () => undefined,
): Promise<ConsentsGiven> {
  const { db, clock, integration, log } = deps;
  const { system, document } = integration;
  const consents: LinkConsent[] = [
    ...(await withMappings(deps, [...plan.pairs.values()])),
    ...(await withMappings(
      deps,
      plan.creates.map((create) => ({ ...create, externalId: null })),
    )),
    ...plan.ended.map((mappingId) => ({ mappingId, externalId: null })),
  ];
  const given: ConsentsGiven = { rows: 0, records: 0 };
  const ask = async (tx: Db | Tx, externalIds: string[]): Promise<void> => {
    const about = { system, externalType: document.externalType, externalIds };
    given.records += await askForNewRecords(tx, { ...about, urgency: urgencies.bulk, now: clock.now() });
  };
  const others = plan.others.flatMap(({ externalId, why }) => (why === 'not_imported' ? [] : [externalId]));
  const records = [...plan.imports, ...others];
  for (let from = 0; from < records.length; from += AT_ONCE)
    await ask(db, records.slice(from, from + AT_ONCE));
  const seconds = Map.groupBy(plan.aliases, ({ customer }) => plan.pairs.get(customer)?.mapping);
  for (let from = 0; from < consents.length; from += AT_ONCE) {
    const page = consents.slice(from, from + AT_ONCE);
    const now = clock.now();
    const detail = { consent: true, consented_by: actor, consented_at: now.toISOString() };
    await withTransaction(db, async (tx) => {
      given.rows += await storeLinkConsents(tx, page, { detail, urgency: urgencies.bulk, now });
      const aliases = page.flatMap(({ mappingId }) => seconds.get(mappingId) ?? []);
      await ask(
        tx,
        aliases.map(({ externalId }) => externalId),
      );
      await recordAction(tx, {
        ...{ action: 'link', system, actor, reason: null, at: now },
        detail: { first_link: true, rows: page.length },
        pairs: page.map(({ mappingId }) => ({ mappingId, eventId: null })),
      });
    });
    onProgress(Math.min(from + AT_ONCE, consents.length));
  }
  log.info('link.consents_given', { system, rows: given.rows, records: given.records });
  return given;
}
