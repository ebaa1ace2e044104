// /link: what waits for its first link at each system, and the act that asks for a plan.

import { addressOf, type ApiRow } from '../api.ts';
import { title } from '../facts.ts';
import { html, type Html } from '../html.ts';
import { planPill } from '../link-words.ts';
import { form, page, type ActRoute, type Asked, type Seen, type View } from '../page.ts';
import { age, count, empty } from '../parts.ts';

export type LinkStanding = ApiRow<'/api/v1/link-plans'>;

const PATH = '/api/v1/link-plans';

function load({ api }: Asked): Promise<LinkStanding[]> {
  return api.get(PATH);
}

/** The button that asks a worker to read both sides; nothing for a person who may not. */
function askButton(system: string, seen: Seen): Html | false {
  return form(seen, {
    to: '/link',
    scope: 'operator',
    body: html`<input type="hidden" name="system" value="${system}" /><button>
        Show what a link would do
      </button>`,
  });
}

export function linkView(standing: LinkStanding[], seen: Seen): View {
  const isIdle = standing.every(
    ({ customers, records_undecided: records, newest }) => customers + records === 0 && newest === null,
  );
  return {
    title: 'First link',
    main: html`<p class="quiet">
        Customers that were in our table before their system was connected wait until a person has looked: no
        customer is created twice, and no row is linked with a record only because their emails are the same.
      </p>
      ${isIdle ? empty(html`<span class="ok">✓</span> Nothing waits for a link.`) : standing.map((each) => systemCard(each, seen))}`,
    same: { cli: 'link', api: addressOf(PATH) },
  };
}

function systemCard(
  { system, customers, records_undecided: records, newest }: LinkStanding,
  seen: Seen,
): Html {
  const waits = customers === 1 ? 'waits for its first link' : 'wait for their first link';
  return html`<div class="card why">
    <h2>${title(system)}</h2>
    <p>
      ${customers === 0 ? 'No customer waits for a link.' : html`<b>${count(customers, 'customer')}</b> ${waits}.`}
      ${records > 0 && html`${count(records, 'record')} without a customer and without a decision.`}
    </p>
    ${customers + records > 0 && askButton(system, seen)}
    ${customers + records > 0 && html`<p class="quiet">A worker reads every record of ${title(system)} for it, and changes nothing.</p>`}
    ${newest !== null && html`<p><a href="/console/link/${newest.id}">The newest plan</a> ${planPill(newest.state)} <span class="quiet">asked ${age(newest.asked_at, seen.now)} ago</span></p>`}
  </div>`;
}

const ask: ActRoute = {
  path: '/link',
  scope: 'operator',
  async act({ api, form: given, once }) {
    const { id } = await api.post(PATH, { body: { system: given.get('system') ?? '' }, once });
    return `/console/link/${id}`;
  },
};

export const linkPage = page({ path: '/link', scope: 'viewer', load, view: linkView });
export const linkActs: readonly ActRoute[] = [ask];
