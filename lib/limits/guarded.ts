// The integration as one claimed mapping uses it: each call waits for a rate token, no call is made
// while the account rests, and limiter, breaker and rest record how the call ended. The engine
// knows none of them.
import type { Budget, EventFeed, Integration } from '../integrations/integration.ts';
import { ownFailure } from '../integrations/own-failure.ts';
import type { Breaker } from './breaker.ts';
import type { Budgets } from './budgets.ts';
import type { Limiter } from './limiter.ts';
import { Resting, restingFailure, type Rest } from './rest.ts';

export interface Guards {
  /** null: nothing is limited. */
  limiter: Limiter | null;
  breaker: Breaker;
  rest: Rest;
  /** null: the account has no quota. */
  budgets: Budgets | null;
  /**
   * Receives errors of the limiter, the breaker and the rest; the answer of the call is returned
   * all the same.
   */
  onError: (error: unknown) => void;
}

/**
 * The limiter, the breaker and the rest of an integration; if `breaker` is null, only the caller
 * sees how calls end.
 */
type Books = Omit<Guards, 'breaker'> & { breaker: Breaker | null };

export interface GuardedClaim {
  id: number;
  /** Of the calls that wait for a token, the one with the smallest urgency goes first. */
  urgency: number;
  /** The latest time to send a call (monotonic), since the lease must outlast the call. */
  lastCall: number;
  /** Gives up the reserved token. */
  release: () => void;
  /** It is background work, which leaves a part of each quota to edits. */
  background?: boolean;
}

/** No rate token came while the lease was long enough: the mapping is released unchanged. */
export const NO_TOKEN = 'no_token';

class NoToken extends Error {}

const noToken = ownFailure({
  kind: 'throttle',
  code: NO_TOKEN,
  message: 'no rate token came in time; nothing was sent',
  nothingHappened: true,
});

function budgetsOf(answer: unknown): readonly Budget[] | undefined {
  const said = typeof answer === 'object' && answer !== null && 'budgets' in answer ? answer.budgets : null;
  return Array.isArray(said) ? (said as readonly Budget[]) : undefined;
}

function budgetsOfPage(next: IteratorResult<unknown, unknown>): readonly Budget[] | undefined {
  return next.done === true ? undefined : budgetsOf(next.value);
}

/** How a call ended, for the limiter, the breaker and the rest. */
async function noteEnd(
  integration: Integration,
  { limiter, breaker, rest, onError }: Books,
  { id }: GuardedClaim,
  endpoint: string,
  error?: unknown,
): Promise<void> {
  try {
    if (error === undefined) return await breaker?.answered();
    const failure = integration.classify(error);
    if (failure.kind === 'quota') return await rest.began(failure);
    if (failure.kind === 'throttle' && failure.scope !== 'entity')
      return await limiter?.slow(failure.scope === 'endpoint' ? endpoint : '');
    // A refusal shows too that the system answers.
    if (failure.status !== null && failure.scope === 'entity') return await breaker?.answered();
    await breaker?.failed(failure, id);
  } catch (unnoted) {
    onError(unnoted);
  }
}

/** Most answers, of most systems, say nothing. */
async function noteSaid({ budgets, onError }: Books, said: readonly Budget[] | undefined): Promise<void> {
  if (said === undefined || budgets === null) return;
  try {
    await budgets.said(said);
  } catch (unnoted) {
    onError(unnoted);
  }
}

export function guard(integration: Integration, guards: Books, claim: GuardedClaim): Integration {
  const { limiter, rest, budgets } = guards;

  async function take(endpoint: string): Promise<void> {
    claim.release();
    const until = await rest.until();
    if (until) throw new Resting(integration.system, until);
    const paused = claim.background === true && budgets ? await budgets.pausedUntil() : null;
    if (paused) throw new Resting(integration.system, paused, 'background');
    if (limiter && !(await limiter.take(endpoint, claim.lastCall, claim.urgency))) throw new NoToken();
  }

  const note = (endpoint: string, error?: unknown): Promise<void> =>
    noteEnd(integration, guards, claim, endpoint, error);
  const noteBudgets = (said?: readonly Budget[]): Promise<void> => noteSaid(guards, said);

  async function call<T>(
    endpoint: string,
    work: () => Promise<T>,
    saidIn: (answer: T) => readonly Budget[] | undefined = budgetsOf,
  ): Promise<T> {
    await take(endpoint);
    let answer: T;
    try {
      answer = await work();
    } catch (error) {
      await noteBudgets(integration.classify(error).budgets);
      await note(endpoint, error);
      throw error;
    }
    await noteBudgets(saidIn(answer));
    await note(endpoint);
    return answer;
  }

  /** Each page is a call. */
  async function* pages<T>(endpoint: string, list: AsyncIterable<T>): AsyncGenerator<T> {
    const reader = list[Symbol.asyncIterator]();
    try {
      for (;;) {
        const page = await call(endpoint, () => reader.next(), budgetsOfPage);
        if (page.done === true) return;
        yield page.value;
      }
    } finally {
      await reader.return?.();
    }
  }

  const { feed, findByIdentity, findTagged } = integration;
  return {
    ...integration,
    fetch: (externalId, options) => call('read', () => integration.fetch(externalId, options)),
    write: (request) => call(request.operation, () => integration.write(request)),
    list: (window) => pages('list', integration.list(window)),
    ...(findByIdentity && { findByIdentity: (email) => call('look', () => findByIdentity(email)) }),
    ...(findTagged && { findTagged: (ownerTag) => call('search', () => findTagged(ownerTag)) }),
    ...(feed && { feed: guardFeed(feed, (list) => pages('events', list)) }),
    classify: (error) => {
      if (error instanceof NoToken) return noToken;
      return error instanceof Resting ? restingFailure(error) : integration.classify(error);
    },
  };
}

function guardFeed(feed: EventFeed, each: <T>(list: AsyncIterable<T>) => AsyncIterable<T>): EventFeed {
  return feed.by === 'cursor'
    ? { ...feed, follow: (cursor) => each(feed.follow(cursor)) }
    : { ...feed, pages: (window) => each(feed.pages(window)) };
}
