// /customers/:id/:act and /mappings/:id/:act: what a person does about one pair. Each shows what follows from it,
// and both sides as they are, before it does anything; it is drawn only while the API offers it.

import { ApiError, type Api, type Got } from '../api.ts';
import { WORDS } from '../act-words.ts';
import { title } from '../facts.ts';
import { html, type Html } from '../html.ts';
import { ACTS, offersOf, type ActName, type Offer } from '../offers.ts';
import { form, page, type ActRoute, type Asked, type Seen, type View } from '../page.ts';
import { id, nameOf, value } from '../parts.ts';
import { sides, type Explanation } from '../sides.ts';
import { unknownPage } from '../problem-pages.ts';

type Customer = Got<'/api/v1/customers/{id}'>;
type Kind = 'customers' | 'mappings';

export type ActData = {
  kind: Kind;
  id: string;
  /** Null: there is no such act. */
  act: ActName | null;
  explanation: Explanation;
  /** Null: it was deleted, or the pair has none. */
  customer: Customer | null;
};

/** What was typed, if the act was refused. */
type Refused = { error: ApiError; typed: URLSearchParams };

async function load(kind: Kind, { api, params }: Pick<Asked, 'api' | 'params'>): Promise<ActData> {
  const { id: key = '', act = '' } = params;
  const path = { id: key };
  const explanation =
    kind === 'customers'
      ? await api.get('/api/v1/customers/{id}/explain', { path })
      : await api.get('/api/v1/mappings/{id}/explain', { path });
  const row = explanation.customer?.id ?? null;
  const isLiving = row !== null && explanation.customer?.deleted_at === null;
  return {
    ...{ kind, id: key, explanation },
    act: ACTS.find((each) => each === act) ?? null,
    customer: isLiving ? await api.get('/api/v1/customers/{id}', { path: { id: row } }) : null,
  };
}

export function actView(data: ActData, seen: Seen, refused?: Refused): View {
  const { act, explanation, customer, kind, id: key } = data;
  if (act === null) return unknownPage();
  const typed = refused?.typed ?? seen.query;
  const offer = offersOf(explanation).find(
    (each) =>
      each.act === act &&
      (!typed.has('mapping') || String(each.mapping) === typed.get('mapping')) &&
      (each.record === null || act === 'record' || each.record === typed.get('record')),
  );
  const words = WORDS[act];
  const name = customer ? nameOf(customer.name, `Customer ${customer.id}`) : `Pair ${key}`;
  return {
    title: words.heading,
    crumbs: [
      ['Customers', '/console/customers'],
      [name, `/console/${kind}/${key}`],
      [act, null],
    ],
    main: html`${refused && html`<p class="note bad" role="alert">${refused.error.title}. ${refused.error.message}</p>`}${offer ? offered(data, offer, { seen, typed }) : gone(data)}`,
    same: { ...(offer && { cli: offer.command }), api: `/api/v1/${kind}/${key}/explain` },
    ...((refused || !offer) && { status: refused?.error.status ?? 409 }),
  };
}

function offered(
  { explanation, customer, kind, id: key }: ActData,
  offer: Offer,
  { seen, typed }: { seen: Seen; typed: URLSearchParams },
): Html {
  const { act, system, mapping } = offer;
  const words = WORDS[act];
  const pair = explanation.pairs.find((each) => each.mapping === mapping);
  return html`<div class="card why">
      <p><b>This is what follows:</b></p>
      <ul>
        ${words.follows(offer).map((says) => html`<li>${says}</li>`)}
      </ul>
    </div>
    <dl class="facts">
      ${
        customer &&
        html`<dt class="quiet">customer ${customer.id}</dt>
          <dd>${value(customer.name, 80)} · ${value(customer.email, 80)} · v${customer.version}</dd>`
      }
      <dt class="quiet">${title(system)}</dt>
      <dd>
        ${pair?.external_id ? id(pair.external_id) : 'no record yet'}${pair?.why && html` · ${pair.why}`}
      </dd>
      ${
        offer.record !== null &&
        offer.record !== pair?.external_id &&
        html`<dt class="quiet">the record</dt>
          <dd>${id(offer.record)}</dd>`
      }
    </dl>
    ${pair && pair.fields.length > 0 && sides(pair, { version: customer?.version ?? null, isOne: true })}
    ${form(seen, { to: `/${kind}/${key}/${act}`, scope: 'operator', body: fields(offer, typed) }) || html`<p class="quiet">This needs a key with the scope operator.</p>`}
    <p><a href="/console/${kind}/${key}">Leave it as it is</a></p>`;
}

/** The acts whose reason the API stores; of the others it stores who did it and when. */
const WITH_REASON: ReadonlySet<ActName> = new Set(['recreate', 'let-go', 'record', 'pause', 'resume']);

function fields({ act, mapping, system, record }: Offer, typed: URLSearchParams): Html {
  return html`<input type="hidden" name="mapping" value="${mapping}" /><input
      type="hidden"
      name="system"
      value="${system}"
    />
    ${
      act === 'record'
        ? html`<label
            >record
            <input
              name="record"
              value="${typed.get('record') ?? record}"
              required
              maxlength="255"
              placeholder="cus_…"
          /></label>`
        : record !== null && html`<input type="hidden" name="record" value="${record}" />`
    }
    ${WITH_REASON.has(act) && html`<label>reason <input name="reason" value="${typed.get('reason')}" required maxlength="1000" size="40" /></label>`}
    <button>${WORDS[act].button}</button>
    ${!WITH_REASON.has(act) && html`<span class="quiet">The audit keeps who did it and when.</span>`}`;
}

function gone({ explanation, kind, id: key }: ActData): Html {
  const whys = explanation.pairs.flatMap(({ why }) => why ?? []);
  return html`<p>This is not offered now: the pair stands differently by now, or a worker is at it.</p>
    ${whys.map((why) => html`<p>${why}</p>`)}
    <p><a href="/console/${kind}/${key}">See how it stands</a></p>`;
}

const REFUSALS = new Set(['cannot_link', 'cannot_resolve', 'request_open', 'invalid_request', 'contended']);

function actRoute(kind: Kind): ActRoute {
  return {
    path: `/${kind}/:id/:act`,
    scope: 'operator',
    async act({ api, params, form: sent, once }, seen) {
      const act = ACTS.find((each) => each === params['act']);
      if (act === undefined || (kind === 'mappings' && !OF_PAIR.has(act))) return unknownPage();
      try {
        const customer = await SEND[act]({
          api,
          params,
          sent,
          once,
          row: kind === 'customers' ? Number(params['id']) : null,
        });
        return customer === null
          ? `/console/${kind}/${params['id'] ?? ''}`
          : `/console/customers/${customer}`;
      } catch (error) {
        if (!(error instanceof ApiError) || !REFUSALS.has(error.code)) throw error;
        return actView(await load(kind, { api, params }), seen, { error, typed: sent });
      }
    },
  };
}

/** Those that need no customer. Without one, a pause would be that of the whole system. */
const OF_PAIR: ReadonlySet<ActName> = new Set(['consent', 'recreate', 'let-go', 'record']);

type Sending = {
  api: Api;
  params: Readonly<Record<string, string>>;
  sent: URLSearchParams;
  once: string;
  /** The customer; null where the pair has none. */
  row: number | null;
};

/** Each answers whose page is shown then. */
const SEND: Readonly<Record<ActName, (sending: Sending) => Promise<number | null>>> = {
  async 'accept-deletion'({ api, params, once }) {
    const path = { id: params['id'] ?? '' };
    return (await api.post('/api/v1/customers/{id}/accept-deletion', { path, body: {}, once })).customer;
  },
  choose: (sending) => link(sending, sending.sent.get('record')),
  create: (sending) => link(sending, null),
  async consent({ api, sent, once }) {
    const path = { id: sent.get('mapping') ?? '' };
    return (await api.post('/api/v1/mappings/{id}/link', { path, body: {}, once })).customer;
  },
  recreate: (sending) => resolve(sending, { action: 'recreate' }),
  'let-go': (sending) => resolve(sending, { action: 'let_go' }),
  record: (sending) =>
    resolve(sending, { action: 'record', external_id: sending.sent.get('record')?.trim() ?? '' }),
  pause: (sending) => lane(sending, '/api/v1/lanes/{system}/pause'),
  resume: (sending) => lane(sending, '/api/v1/lanes/{system}/resume'),
};

async function link({ api, params, sent, once }: Sending, record: string | null): Promise<number> {
  const body = { system: sent.get('system'), external_id: record };
  const path = { id: params['id'] ?? '' };
  return (await api.post('/api/v1/customers/{id}/link', { path, body, once })).customer;
}

async function resolve({ api, sent, once, row }: Sending, decision: object): Promise<number | null> {
  const path = { id: sent.get('mapping') ?? '' };
  const body = { ...decision, ...reasonIn(sent) };
  return (await api.post('/api/v1/mappings/{id}/resolve', { path, body, once })).customer ?? row;
}

async function lane(
  { api, sent, once, row }: Sending,
  path: '/api/v1/lanes/{system}/pause' | '/api/v1/lanes/{system}/resume',
): Promise<number | null> {
  const body = { ...(row !== null && { customer: row }), ...reasonIn(sent) };
  await api.post(path, { path: { system: sent.get('system') ?? '' }, body, once });
  return row;
}

function reasonIn(sent: URLSearchParams): { reason?: string } {
  const reason = sent.get('reason')?.trim() ?? '';
  return reason === '' ? {} : { reason };
}

export const pairActPages = (['customers', 'mappings'] as const).map((kind) =>
  page({
    path: `/${kind}/:id/:act`,
    scope: 'viewer',
    load: (asked) => load(kind, asked),
    view: (data, seen) => actView(data, seen),
  }),
);
export const pairActs: readonly ActRoute[] = (['customers', 'mappings'] as const).map(actRoute);
