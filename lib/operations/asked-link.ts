// A first link that is asked for through the API: the plan, and the consent to it. The API calls no system; a
// worker reads both sides, and stores the consents (link-work.ts). The rule is that of `twinbox link`.
import { readConnection } from '../../db/connections.ts';
import { countUnmatched } from '../../db/external-records.ts';
import { countNotLinked, digestWaitingRows, countConsented } from '../../db/mappings/first-link.ts';
import {
  askLinkPlan,
  askLinkRun,
  lockLinkPlan,
  readLinkPlan,
  readNewestLinkPlan,
  type RecordsChoice,
  type StoredLinkPlan,
} from '../../db/link-plans.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import { systems } from '../integrations/registry.ts';
import { newEventId } from '../uuid.ts';
import type { Unasked } from './asked-obstacle.ts';
import type { PlanLine } from './link-lines.ts';
import type { PlanDifference } from './link-packed.ts';
import { inOnce, type Once } from './once.ts';

/** What a person is shown of a plan. */
export type LinkSummary = {
  lines: PlanLine[];
  /** Customers that the consent is about. */
  rows: number;
  /** Records without a customer and without a decision. */
  undecided: number;
  calls: number;
  seconds: number;
};

export type LinkPlanSeen = Omit<StoredLinkPlan, 'summary' | 'failure' | 'changed'> & {
  summary: LinkSummary | null;
  failure: Unasked | null;
  changed: PlanDifference | null;
  /** Customers whose consent no worker has carried out yet; null before consents are stored. */
  toCarryOut: number | null;
};

type Deps = { db: Db; clock: Clock };

export function askForLinkPlan(
  { db, clock }: Deps,
  { system, actor }: { system: string; actor: string },
  once?: Once<string>,
): Promise<string> {
  const now = clock.now();
  const asked = { id: newEventId(now), system, actor, now };
  return withTransaction(
    db,
    inOnce(once, (tx) => askLinkPlan(tx, asked)),
  );
}

/** Null: there is none, or it is older than a day. */
export async function seeLinkPlan(db: Db, id: string): Promise<LinkPlanSeen | null> {
  const stored = await readLinkPlan(db, id);
  if (!stored) return null;
  const isStored = stored.state === 'storing' || stored.state === 'done';
  return { ...seen(stored), toCarryOut: isStored ? await countConsented(db, stored.system) : null };
}

function seen(stored: StoredLinkPlan): LinkPlanSeen {
  return {
    ...stored,
    summary: stored.summary as LinkSummary | null,
    failure: stored.failure as Unasked | null,
    changed: stored.changed as PlanDifference | null,
    toCarryOut: null,
  };
}

export type LinkStanding = {
  system: string;
  /** Customers that wait for their first link. */
  rows: number;
  /** Records without a customer and without a decision. */
  records: number;
  newest: LinkPlanSeen | null;
};

/** What waits for a first link at each system. */
export function standingOfLinks(db: Db, names: readonly string[]): Promise<LinkStanding[]> {
  return Promise.all(
    names.map(async (system) => {
      const account = (await readConnection(db, system))?.account ?? '';
      const { externalType } = systems.get(system);
      const [rows, { undecided }, newest] = await Promise.all([
        countNotLinked(db, system),
        countUnmatched(db, { system, account, externalType }),
        readNewestLinkPlan(db, system),
      ]);
      return { system, rows, records: undecided, newest: newest && seen(newest) };
    }),
  );
}

export type LinkRunOutcome =
  | { outcome: 'asked' }
  | { outcome: 'not_found' }
  | { outcome: 'not_ready'; state: StoredLinkPlan['state'] }
  | { outcome: 'stale'; changed: PlanDifference };

/**
 * Gives consent to a plan. Refused at once if other customers wait than when it was made; a worker compares
 * the rest before it stores a consent.
 */
export function askToLink(
  { db, clock }: Deps,
  asked: { id: string; actor: string; reason: string; records: RecordsChoice },
  once?: Once<LinkRunOutcome>,
): Promise<LinkRunOutcome> {
  const run = async (tx: Tx): Promise<LinkRunOutcome> => {
    const plan = await lockLinkPlan(tx, asked.id);
    if (!plan) return { outcome: 'not_found' };
    if (plan.state === 'stale') return { outcome: 'stale', changed: plan.changed as PlanDifference };
    if (plan.state !== 'ready') return { outcome: 'not_ready', state: plan.state };
    const { externalType } = systems.get(plan.system);
    const waiting = await digestWaitingRows(tx, { system: plan.system, externalType });
    if (waiting.digest !== plan.rowsDigest)
      return { outcome: 'stale', changed: othersWait(plan.rowsWaiting ?? 0, waiting.rows) };
    await askLinkRun(tx, { ...asked, now: clock.now() });
    return { outcome: 'asked' };
  };
  return withTransaction(db, inOnce(once, run));
}

function othersWait(before: number, after: number): PlanDifference {
  return {
    ...{ customers: null, examples: [] },
    lines: [{ says: 'customers wait for their first link', before, after }],
  };
}
