// /find?q=: goes straight to what has an id; several are a list.

import { ApiError, type Got } from '../api.ts';
import { html, type Part } from '../html.ts';
import { find } from '../layout.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { empty, id, table, value } from '../parts.ts';

export type Found = Got<'/api/v1/find'>;
type Thing = Found['found'][number];
/** Null: nothing was asked for, or what was asked for cannot be an id. */
export type FindData = { q: string; answer: Found | null; refused: string | null };

const PATH = '/api/v1/find';

async function load({ api, query }: Asked): Promise<FindData> {
  const q = (query.get('q') ?? '').trim();
  if (q === '') return { q, answer: null, refused: null };
  try {
    return { q, answer: await api.get(PATH, { query: { q } }), refused: null };
  } catch (error) {
    if (error instanceof ApiError && error.code === 'invalid_request')
      return { q, answer: null, refused: error.message };
    throw error;
  }
}

export function findView({ q, answer, refused }: FindData, seen: Seen): View {
  const found = answer?.found ?? [];
  const [only] = found;
  const to = only && found.length === 1 ? pageOf(only, seen) : null;
  return {
    title: 'Find',
    ...(to !== null && { instead: to }),
    ...(answer !== null && found.length === 0 && { status: 404 }),
    main: html`${find(q, 'find-again', false)}${said({ q, answer, refused }, seen)}`,
  };
}

function said({ q, answer, refused }: FindData, seen: Seen): Part {
  if (refused !== null) return empty(refused);
  if (answer === null)
    return empty(
      'Any id: of a customer, an event, a record, a request, a conflict or a replay; or a whole email.',
    );
  if (answer.found.length === 0)
    return empty(
      html`Nothing has the id ${value(q, 80)}.`,
      answer.tried.length === 0
        ? html`<p>No id has this form. Give the id alone, or a whole email.</p>`
        : html`<p>Looked up: ${answer.tried.join(', ').replaceAll('_', ' ')}.</p>`,
    );
  return table(
    'Found',
    ['kind', 'id'],
    answer.found.map((thing, at) => {
      const to = pageOf(thing, seen);
      return html`<tr id="found-${at}" data-row>
        <td>${thing.kind}</td>
        <th scope="row">${to === null ? id(thing.id) : html`<a href="${to}">${id(thing.id)}</a>`}</th>
      </tr>`;
    }),
  );
}

/** The console's page of a thing, which has the path of the API; null if there is none. */
function pageOf({ path }: Thing, { knows }: Seen): string | null {
  const below = path.replace(/^\/api\/v1/, '');
  const [, first = '', last = ''] = /^\/(\w+)\/([^/?]+)/.exec(below) ?? [];
  const known = [`/${first}/:id`, `/${first}/:event_id`, `/${first}/:fingerprint`].some(knows);
  if (known && last !== '') return `/console/${first}/${last}`;
  const customer = /[?&]customer=(\d+)/.exec(below)?.[1] ?? /^\/customers\/(\d+)\//.exec(below)?.[1];
  return customer === undefined ? null : `/console/customers/${customer}`;
}

export const findPage = page({ path: '/find', scope: 'viewer', load, view: findView });
