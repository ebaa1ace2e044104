// /replays/plans/:hash: what would it do? The plan, each effect with its events, and the form that runs it.

import { addressOf, ApiError, type Api, type Got } from '../api.ts';
import { html, type Html } from '../html.ts';
import { form, page, type ActRoute, type Asked, type Seen, type View } from '../page.ts';
import { count, duration, id, number, when } from '../parts.ts';
import {
  byEffect,
  countsOf,
  differenceList,
  differenceOf,
  effectList,
  WRITES,
  type Difference,
  type Item,
  type Standing,
} from '../plan-effects.ts';
import { bodyOf, commandOf, sentence, type GroupOf, type Words } from '../selection.ts';
import { groupOf } from './replay-new.ts';

export type Plan = Omit<Got<'/api/v1/replay-plans/{hash}'>, 'items'>;

export type PlanData = {
  plan: Plan;
  items: Item[];
  group: GroupOf;
  standing: Standing;
  /** What was typed before. */
  typed: Typed;
  /** Why it was not run. */
  refusal: { says: string; replays: number[]; difference: Difference | null; status: number } | null;
};

type Typed = { rate: string; max: string; reason: string };

const PATH = '/api/v1/replay-plans/{hash}';

/** Of so many deliveries the effects are counted at once, and of so many where a person asks for more. */
const COUNTED = 200;
const COUNTED_MORE = 1_000;
const PAGE = 100;
/** Of so many pairs the values are shown: each costs a request. */
const WITH_VALUES = 5;

const NOTHING_TYPED: Typed = { rate: '', max: '', reason: '' };

async function load({ api, params, query }: Asked): Promise<PlanData> {
  const rate = query.get('rate') ?? '';
  const counted = query.get('counted') === String(COUNTED_MORE) ? COUNTED_MORE : COUNTED;
  return readPlan(api, params['hash'] ?? '', { ...NOTHING_TYPED, rate }, counted);
}

async function readPlan(api: Api, hash: string, typed: Typed, counted = COUNTED): Promise<PlanData> {
  const rate = typed.rate === '' ? undefined : typed.rate;
  const part = (after: number) => {
    const query = { limit: PAGE, rate, ...(after > 0 && { after }) };
    return api.get(PATH, { path: { hash }, query });
  };
  const { items: first, ...plan } = await part(0);
  const most = Math.min(counted, first.length < PAGE ? 0 : placesOf(plan));
  const starts = Array.from({ length: Math.max(0, Math.ceil(most / PAGE) - 1) }, (_, at) => (at + 1) * PAGE);
  const [more, group, standing] = await Promise.all([
    Promise.all(starts.map(part)),
    groupOf(api, wordsOfPlan(plan)),
    standingOf(api, first),
  ]);
  const items = [...first, ...more.flatMap((each) => each.items)];
  return { plan, items, group, standing, typed, refusal: null };
}

/** Deliveries, and pairs of a group that have no open one: at most so many places. */
function placesOf({ counts, selection }: Plan): number {
  return counts.deliveries + (selection.group === undefined ? 0 : counts.pairs);
}

async function standingOf(api: Api, items: readonly Item[]): Promise<Standing> {
  const written = byEffect(items)
    .filter(([would]) => WRITES.includes(would))
    .flatMap(([, those]) => those.map(({ mapping }) => mapping));
  const ids = [...new Set(written)].slice(0, WITH_VALUES);
  const found = await Promise.all(
    ids.map((mapping) => api.get('/api/v1/mappings/{id}/explain', { path: { id: mapping } }).catch(orGone)),
  );
  return new Map(found.flatMap((each) => each?.pairs ?? []).map((pair) => [pair.mapping, pair]));
}

function orGone(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}

function wordsOfPlan({ selection }: Plan): Words {
  return Object.fromEntries(Object.entries(selection).map(([word, text]) => [word, String(text)]));
}

export function planView(data: PlanData, seen: Seen): View {
  const { plan, items, group, standing, refusal } = data;
  const words = wordsOfPlan(plan);
  const all = placesOf(plan);
  return {
    title: 'Replay plan',
    ...(refusal && { status: refusal.status }),
    crumbs: [
      ['Replays', '/console/replays'],
      ['plan', null],
      [plan.plan.slice(0, 12), null],
    ],
    main: html`${refusal && refused(refusal)} ${sentence(words, group)} ${figures(data, seen)}
      <h2>What it would do</h2>
      ${items.length === 0 && html`<p class="empty">Nothing fits this selection now. There is nothing to replay.</p>`}
      ${items.length < all && items.length >= COUNTED && oldestCounted(items.length, seen)}
      ${effectList(items, standing)}
      ${items.length > 0 && html`<p class="quiet">By what is stored: no system was called for this plan. Each record is read before anything is written, so what has changed there since then counts.</p>`}
      ${items.length > 0 && runForm(data, seen)}`,
    same: { cli: commandOf(words), api: addressOf(PATH, { path: { hash: plan.plan } }) },
  };
}

/** Each delivery that is counted costs a decision. */
function oldestCounted(counted: number, { path }: Seen): Html {
  const more = html` <a href="${path}?counted=${COUNTED_MORE}">Count the oldest ${number(COUNTED_MORE)}</a>.`;
  return html`<p class="quiet">
    Counted: the oldest ${number(counted)} deliveries of the plan.${counted < COUNTED_MORE && more}
  </p>`;
}

function figures({ plan }: PlanData, { now }: Seen): Html {
  const { counts, calls, seconds, rate, made_at: made, plan: hash } = plan;
  const most =
    calls.least === calls.most ? number(calls.most) : `${number(calls.least)} to ${number(calls.most)}`;
  return html`<dl class="facts">
    <dt class="quiet">has</dt>
    <dd>
      ${countsOf(plan)}${counts.more && html` <b class="wait">more fit than a plan may have: these are the oldest</b>`}
    </dd>
    <dt class="quiet">calls</dt>
    <dd>${most}: a read of each record, and at most a search or a write besides</dd>
    <dt class="quiet">takes</dt>
    <dd>${duration(seconds * 1_000)} at ${count(rate, 'pair')} a second, longer while edits go first</dd>
    <dt class="quiet">made</dt>
    <dd>${when(made, now)} <span class="quiet">as</span> ${id(hash)}</dd>
  </dl>`;
}

function refused({ says, replays, difference }: NonNullable<PlanData['refusal']>): Html {
  return html`<div class="note bad" role="alert">
    <p>${says}</p>
    ${difference !== null && differenceList(difference)}
    ${replays.length > 0 && html`<p>${replays.map((each) => html`<a href="/console/replays/${each}">Replay ${each}</a> `)}</p>`}
  </div>`;
}

function runForm({ plan, typed }: PlanData, seen: Seen): Html | false {
  const { pairs } = plan.counts;
  const rate = typed.rate === '' ? plan.rate : typed.rate;
  const act = form(seen, {
    to: `/replays/plans/${plan.plan}`,
    scope: 'operator',
    body: html`<label
        >pairs a second
        <input name="rate" type="number" min="0.1" max="1000" step="0.1" value="${rate}" size="6" required
      /></label>
      <label
        >at most
        <input
          name="max"
          type="number"
          min="1"
          max="100000"
          value="${typed.max}"
          placeholder="${pairs}"
          size="8"
      /></label>
      <label
        >reason <input name="reason" value="${typed.reason}" required maxlength="1000" size="40"
      /></label>
      <button>Run this replay of ${count(pairs, 'pair')}</button>`,
  });
  return (
    act &&
    html`<h2>Run it</h2>
      <div class="card act">${act}</div>`
  );
}

const run: ActRoute = {
  path: '/replays/plans/:hash',
  scope: 'operator',
  async act(asked, seen) {
    const { api, params, form: given, once } = asked;
    const hash = params['hash'] ?? '';
    const typed: Typed = {
      rate: given.get('rate')?.trim() ?? '',
      max: given.get('max')?.trim() ?? '',
      reason: given.get('reason')?.trim() ?? '',
    };
    if (typed.reason === '')
      return planView(
        await withRefusal(api, hash, typed, {
          says: 'A reason is needed: it stands in the audit trail.',
          status: 422,
        }),
        seen,
      );
    try {
      const body = {
        plan: hash,
        reason: typed.reason,
        ...numberIn('rate', typed),
        ...numberIn('max', typed),
      };
      const { id: job } = await api.post('/api/v1/replays', { body, once });
      return `/console/replays/${job}`;
    } catch (error) {
      if (!(error instanceof ApiError) || ![400, 409].includes(error.status)) throw error;
      return planView(await afterRefusal(api, { hash, typed, once }, error), seen);
    }
  },
};

/** A text that is no number goes as it is: the API says what is wrong with it. */
function numberIn(name: 'rate' | 'max', typed: Typed): Record<string, unknown> {
  const text = typed[name];
  if (text === '') return {};
  return { [name]: Number.isFinite(Number(text)) ? Number(text) : text };
}

async function afterRefusal(
  api: Api,
  { hash, typed, once }: { hash: string; typed: Typed; once: string },
  error: ApiError,
): Promise<PlanData> {
  const jobs = error.members['replays'];
  const replays = Array.isArray(jobs) ? jobs.map((job: { id: number }) => job.id) : [];
  const refusal = { says: error.message, status: error.status === 400 ? 422 : 409, replays };
  if (error.code !== 'plan_stale') return withRefusal(api, hash, typed, refusal);
  // The same selection, as it is now, with what was typed: a person looks at it, and sends it again.
  const old = await api.get(PATH, { path: { hash }, query: { limit: 1 } });
  const difference = differenceOf(error.members);
  try {
    const body = bodyOf(wordsOfPlan(old));
    const made = await api.post('/api/v1/replay-plans', { body, once: `${once}-plan` });
    return await withRefusal(api, made.plan, typed, { ...refusal, says: CHANGED, difference });
  } catch (gone) {
    if (!(gone instanceof ApiError) || gone.code !== 'group_not_found') throw gone;
    return withRefusal(api, hash, typed, { ...refusal, says: GROUP_GONE, difference });
  }
}

const CHANGED =
  'What is selected has changed since the plan that you saw. Nothing was done. This is the plan as it is now; run it if it is right.';
const GROUP_GONE =
  'No pair is in its group any more: all have gone on, or were closed. Nothing was done. This is the plan that you saw; it is refused until they are in the group again.';

async function withRefusal(
  api: Api,
  hash: string,
  typed: Typed,
  why: { says: string; status: number; replays?: number[]; difference?: Difference | null },
): Promise<PlanData> {
  const { replays = [], difference = null } = why;
  // A rate that was refused would be refused here again.
  const rate = why.status === 422 ? '' : typed.rate;
  const found = await readPlan(api, hash, { ...typed, rate });
  return { ...found, typed, refusal: { ...why, replays, difference } };
}

export const planPage = page({ path: '/replays/plans/:hash', scope: 'viewer', load, view: planView });
export const planActs: readonly ActRoute[] = [run];
