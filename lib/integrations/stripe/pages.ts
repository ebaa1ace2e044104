// Every object of a window of creation times, newest first, in pages. A cursor is the id of an
// object, and it is not documented whether a cursor works after its object was deleted: the walk
// then goes on from a bound in `created` instead, which always works.
import type { Stripe } from 'stripe';
import type { ListWindow } from '../integration.ts';
import { requireList } from './answer.ts';
import { readEvidence, unexpectedAnswer } from './evidence.ts';

const PAGE = 100;

export interface PageParams {
  limit: number;
  created: { gte?: number; lte?: number };
  starting_after?: string;
}

type Listed = { id: string; created: number };
type Answer<T> = Stripe.Response<Stripe.ApiList<T>>;

export interface Page<T> {
  answer: Answer<T>;
  /** The objects that no earlier page had. */
  fresh: T[];
}

interface Position {
  /** No object younger than this second is left. */
  bound: number | null;
  cursor: string | null;
  /**
   * Ids of objects from the bound's second that were returned: a walk from the bound meets them
   * again.
   */
  given: Set<string>;
  /**
   * Cursors since the walk began, or began again: a cursor that comes twice is a walk in a circle.
   */
  used: Set<string>;
}

/** The first page comes even if it is empty, since an empty list is an answer too. */
export async function* pagesOf<T extends Listed>(
  ask: (params: PageParams) => Promise<Answer<T>>,
  { createdFrom, createdTo }: ListWindow,
  member: string,
): AsyncGenerator<Page<T>> {
  const from = createdFrom === undefined ? null : seconds(createdFrom);
  let at: Position = {
    bound: createdTo === undefined ? null : seconds(createdTo),
    cursor: null,
    given: new Set(),
    used: new Set(),
  };
  const gone = new Set<string>();
  for (;;) {
    const answer = await readPage(ask, from, at);
    if (answer === 'cursor_gone') {
      if (at.cursor !== null) gone.add(at.cursor);
      at = { ...at, cursor: null, used: new Set() };
      continue;
    }
    requireList(answer, 'list', member);
    const { data, has_more: hasMore } = answer;
    yield { answer, fresh: data.filter(({ id }) => !at.given.has(id)) };
    const last = data.at(-1);
    if (!hasMore) return;
    if (!isListed(last)) throw unexpectedAnswer('a list with more to come and nothing to go on from');
    if (at.used.has(last.id) || gone.has(last.id)) throw unexpectedAnswer('a list that repeats its page');
    at = {
      bound: last.created,
      cursor: last.id,
      given: givenOf(last.created, data, at),
      used: at.used.add(last.id),
    };
  }
}

async function readPage<T>(
  ask: (params: PageParams) => Promise<Answer<T>>,
  from: number | null,
  { bound, cursor }: Position,
): Promise<Answer<T> | 'cursor_gone'> {
  const created = { ...(from !== null && { gte: from }), ...(bound !== null && { lte: bound }) };
  try {
    return await ask({ limit: PAGE, created, ...(cursor !== null && { starting_after: cursor }) });
  } catch (error) {
    const { code, param } = readEvidence(error);
    if (cursor !== null && code === 'resource_missing' && param === 'starting_after') return 'cursor_gone';
    throw error;
  }
}

function isListed(last: { id: unknown; created: unknown } | undefined): last is Listed {
  return typeof last?.id === 'string' && last.id !== '' && Number.isSafeInteger(last.created);
}

function givenOf(second: number, page: Listed[], { bound, given }: Position): Set<string> {
  const ids = page.filter(({ created }) => created === second).map(({ id }) => id);
  return new Set(bound === second ? [...given, ...ids] : ids);
}

/**
 * Stripe keeps whole seconds, so a bound includes its second: no object of that second has a
 * greater `created`.
 */
function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}
