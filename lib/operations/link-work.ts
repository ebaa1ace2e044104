// The work of a worker on a first link that was asked for through the API (asked-link.ts): it reads both sides
// and stores the plan; after a person's consent it reads them again, compares, and stores the consents of the
// plan that the person saw.
//
// One worker at a time works on the plans of a system, under a lease. If it dies, the next one begins the
// reading again, and goes on with the storing: a consent counts once, and each page of consents is counted and
// recorded in the transaction that stores it. A worker that went on without its lease changes nothing that was
// done since (db/link-plans.ts).
//
// Nothing is called while the system is paused, its breaker is open or its account rests; each call waits for a
// rate token and leaves the rest of a quota to edits.
import { readReading } from '../../db/account-readings.ts';
import { readConnection } from '../../db/connections.ts';
import type { Decision, RecordPlace } from '../../db/external-records.ts';
import { digestWaitingRows } from '../../db/mappings/first-link.ts';
import {
  beginLinkReading,
  beginLinkStoring,
  countLinkStored,
  endLinkRun,
  endStaleLinkPlan,
  failLinkPlan,
  findOpenLinkPlan,
  noteLinkReading,
  readStoredLinkPlan,
  storeLinkPlan,
  type StoredLinkPlan,
} from '../../db/link-plans.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { AppError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import { decideSome } from '../intake/unmatched.ts';
import type { ExternalRecord, FailureKind, Integration } from '../integrations/integration.ts';
import { createLease } from '../lease.ts';
import { paced } from '../limits/paced.ts';
import { readPatiently } from '../limits/patient.ts';
import type { SyncDeps } from '../sync/step.ts';
import { findObstacle, type Unasked } from './asked-obstacle.ts';
import type { LinkSummary } from './asked-link.ts';
import { callsOf, linesOf, secondsOf } from './link-lines.ts';
import { differenceOf, hashOf, packPlan, unpackPlan } from './link-packed.ts';
import { planFirstLink, storeConsents } from './link-plan.ts';
import type { LinkPlan } from './planned-link.ts';

const LEASE_MS = 30_000;
/** A reading that was begun so often, and never ended, is given up: the system or the worker fails each time. */
const ATTEMPTS = 5;
const AT_ONCE = 500;

/** Works on one plan as far as it can. Returns 1 if there was one, otherwise 0. Throws what a next try may cure. */
export async function workOnLinkPlan(deps: SyncDeps, signal: AbortSignal): Promise<number> {
  const { db, integration } = deps;
  const { system } = integration;
  if ((await findOpenLinkPlan(db, system)) === null) return 0;
  const lease = createLease({ db, name: `link-plan:${system}`, lengthMs: LEASE_MS });
  if ((await lease.take()) === null) return 0;
  try {
    // Another worker may have finished it before this one got the lease.
    const plan = await findOpenLinkPlan(db, system);
    if (!plan) return 0;
    await goOnWith(deps, plan, () => {
      if (signal.aborted || !lease.isHeld())
        throw new AppError('aborted', { detail: 'another worker goes on with the link plan' });
    });
    return 1;
  } finally {
    await lease.release();
  }
}

/** Throws if this worker must not go on. */
type Check = () => void;

async function goOnWith(deps: SyncDeps, plan: StoredLinkPlan, check: Check): Promise<void> {
  if (plan.state === 'storing') return carryOut(deps, plan, check);
  const made = await readBothSides(deps, plan, check);
  if (made === null) return;
  if (plan.state === 'checking') return compareAndCarryOut(deps, plan, made, check);
  const { db, clock, integration } = deps;
  const { system, document } = integration;
  const waiting = await digestWaitingRows(db, { system, externalType: document.externalType });
  check();
  await failpoint('link-work.before-plan');
  await storeLinkPlan(
    db,
    plan.id,
    { hash: hashOf(made), plan: packPlan(made), summary: summaryOf(deps, made), waiting },
    clock.now(),
  );
}

/** Null: it cannot be read, and the plan has the reason. */
async function readBothSides(
  deps: SyncDeps,
  { id, attempts }: StoredLinkPlan,
  check: Check,
): Promise<LinkPlan | null> {
  const { db, clock, integration, policy, log } = deps;
  const fail = async (failure: Unasked): Promise<null> => {
    await failLinkPlan(db, id, failure, clock.now());
    return null;
  };
  const account = (await readConnection(db, integration.system))?.account ?? null;
  if (account === null)
    return fail({ code: 'account_unbound', detail: 'No account of the system is bound yet.' });
  const obstacle = await findObstacle(deps, account);
  if (obstacle) return fail(obstacle);
  if (attempts >= ATTEMPTS)
    return fail({
      code: 'broken_off',
      detail: `The reading was begun ${attempts} times, and never came to its end.`,
    });
  await beginLinkReading(db, id);
  const limited = paced(integration, { db, clock, account, rates: policy.rates, log, background: true });
  const onPage = async (records: number): Promise<void> => {
    check();
    await noteLinkReading(db, id, records);
    await failpoint('link-work.page');
  };
  try {
    return await planFirstLink({ ...deps, integration: watched(readPatiently(limited), onPage) });
  } catch (error) {
    const { code, message, kind, status, scope } = integration.classify(error);
    // The error is not of the external system: it is of the database, a loss of the lease, or a fault of Twinbox.
    if (status === null && scope === 'entity') throw error;
    if (isPassing(kind) && attempts + 1 < ATTEMPTS) throw error;
    return fail({ code, detail: message });
  }
}

/** A read has no effect, so one without a certain end is only tried again. */
function isPassing(kind: FailureKind): boolean {
  return kind === 'retry' || kind === 'indeterminate' || kind === 'throttle' || kind === 'lock';
}

/** Tells how many records the list has given, before each page is used. */
function watched(integration: Integration, onPage: (records: number) => Promise<void>): Integration {
  return {
    ...integration,
    async *list(window): AsyncGenerator<ExternalRecord[]> {
      let records = 0;
      for await (const page of integration.list(window)) {
        records += page.length;
        await onPage(records);
        yield page;
      }
    },
  };
}

function summaryOf({ integration, policy }: SyncDeps, plan: LinkPlan): LinkSummary {
  const calls = callsOf(plan);
  return {
    lines: linesOf(plan, integration.system),
    rows: plan.pairs.size + plan.creates.length + plan.ended.length,
    undecided: undecidedIn(plan).length,
    calls: calls.all,
    seconds: Math.ceil(secondsOf(calls, policy.rates ?? integration.capabilities.rates)),
  };
}

/** The records that `twinbox link --import` and `--leave` are about, of those that the plan shows. */
function undecidedIn({ others }: LinkPlan): string[] {
  return others.filter(({ why }) => why === 'not_imported').map(({ externalId }) => externalId);
}

async function compareAndCarryOut(
  deps: SyncDeps,
  plan: StoredLinkPlan,
  now: LinkPlan,
  check: Check,
): Promise<void> {
  const { db, clock, integration } = deps;
  check();
  if (hashOf(now) !== plan.hash) {
    const shown = unpackPlan(await readStoredLinkPlan(db, plan.id));
    const [before, after] = [shown, now].map((each) => [each, linesOf(each, integration.system)] as const);
    if (before && after) await endStaleLinkPlan(db, plan.id, differenceOf(before, after), clock.now());
    return;
  }
  if (plan.runRecords !== 'wait' && !(await isAccountRead(deps))) {
    const detail =
      'The records of the account have not been read yet: workers read them at the first contact.';
    return failLinkPlan(db, plan.id, { code: 'account_unread', detail }, clock.now());
  }
  await beginLinkStoring(db, plan.id);
  await failpoint('link-work.before-store');
  await carryOut(deps, plan, check);
}

async function isAccountRead(deps: SyncDeps): Promise<boolean> {
  const place = await placeOf(deps);
  return place !== null && ((await readReading(deps.db, place))?.doneAt ?? null) !== null;
}

async function placeOf({ db, integration }: SyncDeps): Promise<RecordPlace | null> {
  const { system, document } = integration;
  const account = (await readConnection(db, system))?.account ?? null;
  return account === null ? null : { system, account, externalType: document.externalType };
}

/** Stores what the person has seen: as it was compared, and after a crash what is left of it. */
async function carryOut(deps: SyncDeps, { id, ...asked }: StoredLinkPlan, check: Check): Promise<void> {
  const { db, clock } = deps;
  const shown = unpackPlan(await readStoredLinkPlan(db, id));
  const actor = asked.runBy ?? 'unknown';
  await storeConsents(deps, shown, actor, {
    reason: asked.runReason,
    async within(tx, stored) {
      check();
      await countLinkStored(tx, id, stored);
      await failpoint('link-work.in-page');
    },
  });
  const { runRecords, runReason: reason } = asked;
  if (runRecords === 'import' || runRecords === 'leave')
    await decideShown(deps, undecidedIn(shown), { id, decision: runRecords, actor, reason, check });
  await failpoint('link-work.before-end');
  await endLinkRun(db, id, clock.now());
}

type DecisionAsk = { id: string; decision: Decision; actor: string; reason: string | null; check: Check };

async function decideShown(
  deps: SyncDeps,
  externalIds: readonly string[],
  { id, decision, actor, reason, check }: DecisionAsk,
): Promise<void> {
  const { db, clock, integration } = deps;
  const place = await placeOf(deps);
  if (place === null) return;
  for (let from = 0; from < externalIds.length; from += AT_ONCE)
    await withTransaction(db, async (tx) => {
      check();
      const asked = {
        externalIds: externalIds.slice(from, from + AT_ONCE),
        decision,
        actor,
        now: clock.now(),
      };
      const decided = await decideSome(tx, place, asked);
      if (decided === 0) return;
      await countLinkStored(tx, id, { decided });
      const detail = { first_link: true, decision, records: decided };
      await recordAction(tx, {
        ...{ action: 'link', system: integration.system, actor, reason, at: asked.now, detail },
      });
    });
}
