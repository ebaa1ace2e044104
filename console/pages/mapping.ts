// /mappings/:id: how a pair stands that has no customer. A pair that has one is shown on the customer's page.

import { addressOf } from '../api.ts';
import { title } from '../facts.ts';
import { html } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { age, id, pill, value } from '../parts.ts';
import { remedyLinks } from '../remedies.ts';
import { explained, type Explanation } from '../sides.ts';

const EXPLAIN = '/api/v1/mappings/{id}/explain';

async function load({ api, params }: Asked): Promise<Explanation> {
  return api.get(EXPLAIN, { path: { id: params['id'] ?? '' } });
}

export function mappingView(explanation: Explanation, seen: Seen): View {
  const key = seen.params['id'] ?? '';
  const [pair] = explanation.pairs;
  const owner = explanation.customer?.id ?? null;
  const same = { cli: `explain mapping ${key}`, api: addressOf(EXPLAIN, { path: { id: key } }) };
  if (owner !== null)
    return { title: `Pair ${key}`, main: html``, instead: `/console/customers/${owner}`, same };
  return {
    title: `Pair ${key}`,
    pill: pair !== undefined && html`<span data-live="part" id="standing">${pill(pair.state)}</span>`,
    crumbs: [
      ['Customers', '/console/customers'],
      [`pair ${key}`, null],
    ],
    main: html`${
      pair &&
      html`<dl class="facts" data-live="part" id="facts">
        <dt class="quiet">record</dt>
        <dd>${title(pair.system)} ${id(pair.external_id)}</dd>
        <dt class="quiet">email there</dt>
        <dd>
          ${pair.known_email === null ? html`<span class="quiet">not known</span>` : value(pair.known_email, 80)}
        </dd>
        <dt class="quiet">customer</dt>
        <dd>none</dd>
        <dt class="quiet">since</dt>
        <dd title="${pair.since}">${age(pair.since, seen.now)}</dd>
      </dl>`
    }${explained(explanation, remedyLinks(`/mappings/${key}`, seen))}`,
    same,
  };
}

export const mappingPage = page({ path: '/mappings/:id', scope: 'viewer', load, view: mappingView });
