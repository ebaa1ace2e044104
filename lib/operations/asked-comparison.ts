// "Compare now": a person asks through the API how one row and its records stand. The API calls no system;
// it stores a question for each system, and a worker, which holds the key and the limits of the account,
// asks the system and stores the answer.
//
// Guarantees: nothing is called while the system is paused, its breaker is open or its account rests; each
// call waits for a rate token. The comparison itself writes nothing.
//
// A worker that dies between the taking of a question and its answer leaves it without one: it is shown as
// unanswered, and is not taken again, since the person who asked does not wait any more.
import { readConnection } from '../../db/connections.ts';
import {
  answerQuestion,
  askComparison,
  readQuestions,
  takeQuestion,
  type Question,
} from '../../db/system-questions.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import type { Clock } from '../clock.ts';
import { paced } from '../limits/paced.ts';
import { depsOfKind } from '../sync/kinds.ts';
import type { SyncDeps } from '../sync/step.ts';
import { newEventId } from '../uuid.ts';
import { findObstacle, type Unasked } from './asked-obstacle.ts';
import { compareRow, type ComparedPairOfRow, type Verdict } from './compare-one.ts';
import { inOnce, type Once } from './once.ts';

/** A worker that finds the question later does not begin: the caller waits no longer. */
const BEGIN_MS = 8_000;
/** No call is begun later than this after the question was taken. */
const LAST_CALL_MS = 8_000;
/** Two calls of 15 s at most; an answer that is not there by then will not come. */
const ANSWER_MS = 60_000;

export type ComparisonAsk = {
  entityType: string;
  rowId: number;
  systems: readonly string[];
  actor: string;
};

export type AskOutcome = { outcome: 'asked'; comparison: string } | { outcome: 'not_found' };

export function askToCompare(
  { db, clock }: { db: Db; clock: Clock },
  { entityType, rowId, systems, actor }: ComparisonAsk,
  once?: Once<AskOutcome>,
): Promise<AskOutcome> {
  const ask = async (tx: Tx): Promise<AskOutcome> => {
    const now = clock.now();
    const askedAs = newEventId(now);
    const beginBy = new Date(now.getTime() + BEGIN_MS);
    const asked = await askComparison(tx, {
      ...{ askedAs, systems, entityType, rowId, askedBy: actor, beginBy, now },
    });
    return asked === 0 ? { outcome: 'not_found' } : { outcome: 'asked', comparison: askedAs };
  };
  return withTransaction(db, inOnce(once, ask));
}

type StoredAnswer = { verdict: Verdict; because: Unasked | null; pairs: ComparedPairOfRow[] };

export type SystemAnswer = {
  system: string;
  /** `unanswered`: no answer will come any more. */
  state: 'open' | 'answered' | 'unanswered';
  answeredAt: Date | null;
  answer: StoredAnswer | null;
};

export type AskedComparison = {
  id: string;
  rowId: number;
  actor: string;
  askedAt: Date;
  systems: SystemAnswer[];
};

/** Null: there is none, or it is older than a day. */
export async function readComparison(
  { db, clock }: { db: Db; clock: Clock },
  id: string,
): Promise<AskedComparison | null> {
  const questions = await readQuestions(db, id);
  const [first] = questions;
  if (!first) return null;
  const { rowId, askedBy: actor, askedAt } = first;
  return { id, rowId, actor, askedAt, systems: questions.map((each) => answerOf(each, clock.now())) };
}

function answerOf({ system, beginBy, takenUntil, answeredAt, answer }: Question, now: Date): SystemAnswer {
  if (answeredAt !== null) return { system, state: 'answered', answeredAt, answer: answer as StoredAnswer };
  const isOver = now >= (takenUntil ?? beginBy);
  return { system, state: isOver ? 'unanswered' : 'open', answeredAt: null, answer: null };
}

/** Takes one question to the system and answers it. Returns how many it has answered. */
export async function answerComparison(deps: SyncDeps, owner: string): Promise<number> {
  const { db, clock, integration } = deps;
  const now = clock.now();
  const until = new Date(now.getTime() + ANSWER_MS);
  const question = await takeQuestion(db, { system: integration.system, owner, until, now });
  if (!question) return 0;
  const answer = await answerTo(deps, question);
  await answerQuestion(db, { id: question.id, answer, now: clock.now() });
  return 1;
}

async function answerTo(deps: SyncDeps, { entityType, rowId }: Question): Promise<StoredAnswer> {
  const { db, clock, policy, log } = deps;
  const own = depsOfKind(deps, entityType);
  const account = (await readConnection(db, deps.integration.system))?.account ?? null;
  if (own === null || account === null)
    return notCertain({ code: 'account_unbound', detail: 'No account of the system is bound yet.' });
  const obstacle = await findObstacle(deps, account);
  if (obstacle) return notCertain(obstacle);
  const lastCall = performance.now() + LAST_CALL_MS;
  const limits = { db, clock, account, rates: policy.rates, log, background: true, lastCall };
  const integration = paced(own.integration, limits);
  try {
    return { ...(await compareRow({ ...own, integration }, rowId)), because: null };
  } catch (error) {
    const { code, message, status, scope } = integration.classify(error);
    // The error is not of the external system: it is of the database, or a fault of Twinbox.
    if (status === null && scope === 'entity') throw error;
    return notCertain({ code, detail: message });
  }
}

function notCertain(because: Unasked): StoredAnswer {
  return { verdict: 'not_certain', because, pairs: [] };
}
