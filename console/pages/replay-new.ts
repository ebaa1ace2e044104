// /replays/new: what would be replayed, as a sentence, before anything is planned.

import { ApiError, type Api } from '../api.ts';
import { html, type Html } from '../html.ts';
import { form, page, type ActRoute, type Asked, type Seen, type View } from '../page.ts';
import {
  bodyOf,
  commandOf,
  hiddenWords,
  sentence,
  wordFields,
  wordsOf,
  type GroupOf,
  type Words,
} from '../selection.ts';

export type NewReplay = {
  words: Words;
  group: GroupOf;
  /** What the API says is wrong with the words. */
  wrong: string | null;
};

async function load({ api, query }: Asked): Promise<NewReplay> {
  const words = wordsOf(query);
  return { words, group: await groupOf(api, words), wrong: null };
}

/** Null where none is named, and where it is not there now: the plan says so then. */
export async function groupOf(api: Api, { group: fingerprint }: Words): Promise<GroupOf> {
  if (fingerprint === undefined) return null;
  try {
    return await api.get('/api/v1/groups/{fingerprint}', { path: { fingerprint } });
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 400)) return null;
    throw error;
  }
}

export function newReplayView({ words, group, wrong }: NewReplay, seen: Seen): View {
  return {
    title: 'New replay',
    crumbs: [
      ['Replays', '/console/replays'],
      ['new', null],
    ],
    ...(wrong !== null && { status: 422 }),
    main: html`${wrong !== null && html`<p class="note bad" role="alert">${wrong}</p>`}
      ${sentence(words, group)}
      <p class="quiet">A plan shows what would be done about each, and does nothing.</p>
      ${form(seen, { to: '/replays/new', scope: 'operator', body: html`${hiddenWords(words)}<button>Show what it would do</button>` })}
      <details id="select">
        <summary>Select otherwise…</summary>
        ${otherwise(words)}
      </details>`,
    same: { cli: commandOf(words) },
  };
}

function otherwise(words: Words): Html {
  return html`<form class="filter card why" action="/console/replays/new">
    ${wordFields(words)}<button>Select</button>
  </form>`;
}

const makePlan: ActRoute = {
  path: '/replays/new',
  scope: 'operator',
  async act({ api, form: given, once }, seen) {
    const words = wordsOf(given);
    try {
      const { plan } = await api.post('/api/v1/replay-plans', { body: bodyOf(words), once });
      return `/console/replays/plans/${plan}`;
    } catch (error) {
      if (!isAboutWords(error)) throw error;
      return newReplayView({ words, group: null, wrong: error.message }, seen);
    }
  },
};

/** What another selection cures. */
function isAboutWords(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 400 || error.code === 'group_not_found');
}

export const newReplayPage = page({ path: '/replays/new', scope: 'operator', load, view: newReplayView });
export const newReplayActs: readonly ActRoute[] = [makePlan];
