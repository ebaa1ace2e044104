// The plan of the first link: what a consent would do with every row that waits and with every
// record of the system. Which record each consent names is decided here (link-listing.ts,
// link-rivals.ts); `decide` answers what workers then do with a row and a record (link-outlook.ts).
// The plan writes nothing, and keeps a few values for each row and record.
//
// The consents are then stored in pages, each in a transaction of its own. A crash between two
// pages leaves the earlier ones stored; the plan is made again, and a consent that is already
// stored counts once. Records without a consent are raised first, and aliases together with the
// consent for their row, since no command makes a plan once no row waits any more.
import { withTransaction, type Tx } from '../../db/server/connection.ts';
import { lockConnection, readConnection } from '../../db/connections.ts';
import { askForNewRecords, countOnTheirWay, findWaitingMappings } from '../../db/mappings/first-link.ts';
import { insertNotLinked, storeLinkConsents, type LinkConsent } from '../../db/mappings/writes/consents.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { urgencies } from '../../db/urgency.ts';
import type { SyncDeps } from '../sync/step.ts';
import { listRecords, listRows } from './link-listing.ts';
import type { LinkPlan } from './planned-link.ts';

/** Reads all records and all rows once. `onProgress` receives how many of each were read. */
export async function planFirstLink(
  deps: SyncDeps,
  onProgress: (done: number) => void = () => undefined,
): Promise<LinkPlan> {
  const plan: LinkPlan = {
    ...{ pairs: new Map(), creates: [], ended: [], underWay: 0, pending: 0 },
    ...{ aliases: [], imports: [], matches: [], others: [], elsewhere: 0, known: 0 },
  };
  const { db, integration } = deps;
  let done = 0;
  const onPage = (more: number): void => onProgress((done += more));
  await listRecords(deps, plan, onPage);
  const where = { system: integration.system, externalType: integration.document.externalType };
  plan.pending = await countOnTheirWay(db, where);
  await listRows(deps, plan, onPage);
  return plan;
}

const AT_ONCE = 500;

/**
 * Finds the mapping of each row; for a row of which no event has been received yet, a mapping that
 * waits is created.
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

/** Whether workers leave the record: a setting or a person decides about it first. */
export function isLeft(why: string): boolean {
  return why === 'not_imported' || why === 'left_alone';
}

async function consentsOf(deps: SyncDeps, plan: LinkPlan): Promise<LinkConsent[]> {
  return [
    ...(await withMappings(deps, [...plan.pairs.values()])),
    ...(await withMappings(
      deps,
      plan.creates.map((create) => ({ ...create, externalId: null })),
    )),
    ...plan.ended.map((mappingId) => ({ mappingId, externalId: null })),
  ];
}

/** The records that workers look at: at once, and with the consent for the mapping of their row. */
function recordsOf(plan: LinkPlan): { records: string[]; seconds: Map<number | null, LinkPlan['aliases']> } {
  const { pairs, imports, matches } = plan;
  const others = plan.others.filter(({ why }) => !isLeft(why));
  const seconds = Map.groupBy(
    plan.aliases,
    ({ customer }) => (customer === null ? null : pairs.get(customer)?.mapping) ?? null,
  );
  const records = [
    ...imports,
    ...matches,
    ...[...others, ...(seconds.get(null) ?? [])].map(({ externalId }) => externalId),
  ];
  return { records, seconds };
}

export interface ConsentsGiven {
  rows: number;
  records: number;
}

/** What is known besides the plan and the person. */
export interface Storing {
  /** Why, for the audit trail. */
  reason?: string | null;
  onProgress?: (done: number) => void;
  /** Counts what a transaction has stored, in that transaction. */
  within?: (tx: Tx, stored: ConsentsGiven) => Promise<void>;
}

/**
 * Stores the consents of a plan; workers carry them out, after the changes that are made now.
 * `actor` gave the consents. A page that was stored before is not recorded once more.
 */
export async function storeConsents(
  deps: SyncDeps,
  plan: LinkPlan,
  actor: string,
  { reason = null, onProgress = () => undefined, within = () => Promise.resolve() }: Storing = {},
): Promise<ConsentsGiven> {
  const { db, clock, integration, log } = deps;
  const { system, document } = integration;
  const consents = await consentsOf(deps, plan);
  const given: ConsentsGiven = { rows: 0, records: 0 };
  const ask = (tx: Tx, externalIds: string[]): Promise<number> => {
    const about = { system, externalType: document.externalType, externalIds };
    return askForNewRecords(tx, { ...about, urgency: urgencies.bulk, now: clock.now() });
  };
  const store = async (page: (tx: Tx) => Promise<ConsentsGiven>): Promise<void> => {
    const stored = await withTransaction(db, page);
    given.rows += stored.rows;
    given.records += stored.records;
  };
  const { records, seconds } = recordsOf(plan);
  const by = { action: 'link', system, actor, reason };
  for (let from = 0; from < records.length; from += AT_ONCE)
    await store(async (tx) => {
      const stored = { rows: 0, records: await ask(tx, records.slice(from, from + AT_ONCE)) };
      await within(tx, stored);
      const detail = { first_link: true, records: stored.records };
      if (stored.records > 0) await recordAction(tx, { ...by, at: clock.now(), detail });
      return stored;
    });
  for (let from = 0; from < consents.length; from += AT_ONCE) {
    const page = consents.slice(from, from + AT_ONCE);
    const now = clock.now();
    await store(async (tx) => {
      const rows = await storeLinkConsents(tx, page, { by: actor, urgency: urgencies.bulk, now });
      const aliases = page.flatMap(({ mappingId }) => seconds.get(mappingId) ?? []);
      const stored = {
        rows,
        records: await ask(
          tx,
          aliases.map(({ externalId }) => externalId),
        ),
      };
      await within(tx, stored);
      if (rows > 0)
        await recordAction(tx, {
          ...{ ...by, at: now, detail: { first_link: true, rows } },
          pairs: page.map(({ mappingId }) => ({ mappingId, eventId: null })),
        });
      return stored;
    });
    onProgress(Math.min(from + AT_ONCE, consents.length));
  }
  log.info('link.consents_given', { system, rows: given.rows, records: given.records });
  return given;
}
