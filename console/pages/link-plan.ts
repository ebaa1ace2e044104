// /link/:id: what a first link would do, what a person can choose, the consent, and what became of it.

import { addressOf, ApiError, type Api } from '../api.ts';
import { title } from '../facts.ts';
import { html, type Html } from '../html.ts';
import { differenceList, lineTable, planPill, type Difference, type LinkPlan } from '../link-words.ts';
import { form, page, type ActRoute, type Asked, type Seen, type View } from '../page.ts';
import { count, duration, number, value, when } from '../parts.ts';
import { may } from '../scopes.ts';

export type LinkPlanData = {
  plan: LinkPlan;
  /** What was typed before. */
  typed: Typed;
  /** Why no consent was taken. */
  refusal: { says: string; changed: Difference | null; status: number } | null;
};

type Typed = { reason: string; records: string };

const PATH = '/api/v1/link-plans/{id}';
const NOTHING_TYPED: Typed = { reason: '', records: 'wait' };

async function load({ api, params }: Asked): Promise<LinkPlanData> {
  return { plan: await read(api, params), typed: NOTHING_TYPED, refusal: null };
}

function read(api: Api, params: Asked['params']): Promise<LinkPlan> {
  return api.get(PATH, { path: { id: params['id'] ?? '' } });
}

export function linkPlanView(data: LinkPlanData, seen: Seen): View {
  const { plan, refusal } = data;
  return {
    title: `First link with ${title(plan.system)}`,
    ...(refusal && { status: refusal.status }),
    pill: html`<span data-live="part" id="state">${planPill(plan.state)}</span>`,
    crumbs: [
      ['First link', '/console/link'],
      [title(plan.system), null],
    ],
    main: html`${refusal && refused(refusal)}
      <p class="quiet">Asked ${when(plan.asked_at, seen.now)} by ${value(plan.actor, 80)}.</p>
      <section data-live="part" id="progress" ${isMoving(plan) && html` data-again`}>
        ${progress(plan, seen)} ${outcome(plan)}
      </section>
      ${plan.state === 'ready' && consent(data, seen)}`,
    same: {
      cli: `link --system ${plan.system} ${plan.run === null ? '--dry-run' : '--all'}`,
      api: addressOf(PATH, { path: { id: plan.id } }),
    },
  };
}

function isMoving({ state, run }: LinkPlan): boolean {
  if (state === 'done') return (run?.to_carry_out ?? 0) > 0;
  return ['waiting', 'reading', 'checking', 'storing'].includes(state);
}

function refused({ says, changed }: NonNullable<LinkPlanData['refusal']>): Html {
  return html`<div class="note bad" role="alert">
    <p>${says}</p>
    ${changed !== null && html`${differenceList(changed)} ${readAgain}`}
  </div>`;
}

const readAgain = html`<p><a href="/console/link">Have both sides read again</a></p>`;

const AGAIN = 'This page goes on by itself; without scripts, load it again in some seconds.';

function progress(plan: LinkPlan, { me }: Seen): Html | false {
  const { state, system, read: records, failure, changed } = plan;
  switch (state) {
    case 'waiting':
      return html`<p>No worker has begun. A worker that may ask ${title(system)} has to run. ${AGAIN}</p>`;
    case 'reading':
      return html`<p>
        A worker reads both sides: ${count(records, 'record')} so far. Nothing is changed. ${AGAIN}
      </p>`;
    case 'checking':
      return html`<p>
        A worker reads both sides again (${count(records, 'record')} so far), and compares them with this plan
        before it stores a consent. ${AGAIN}
      </p>`;
    case 'storing':
    case 'done':
      return carriedOut(plan);
    case 'failed':
      return html`<p class="note bad">
          Nothing was changed. <code>${failure?.code}</code> ${value(failure?.detail)}
        </p>
        ${readAgain}`;
    case 'stale':
      return html`<div class="note bad">
        <p>What would be done had changed since this plan was made. Nothing was stored.</p>
        ${changed !== null && differenceList(changed)} ${readAgain}
      </div>`;
    case 'ready':
      // The form is no part that is swapped, so a page that was open meanwhile has none.
      return html`<p>
        Both sides are read: ${count(records, 'record')}.
        ${may(me.scope, 'operator') && html`<a href="/console/link/${plan.id}?decide=yes#consent">Choose, and give consent</a>.`}
      </p>`;
  }
}

function carriedOut({ run, plan }: LinkPlan): Html | false {
  if (run === null) return false;
  const left = run.to_carry_out ?? 0;
  const all = plan?.customers ?? 0;
  return html`<p>
      Consent is stored for ${number(run.customers)} of ${count(all, 'customer')}; workers look at
      ${count(run.records_raised, 'record')} besides.
      ${run.records_decided > 0 && DECIDED[run.records]?.(count(run.records_decided, 'record'))}
    </p>
    <p>
      ${
        left > 0
          ? html`<b>${count(left, 'customer')}</b> at this system ${left === 1 ? 'is' : 'are'} still to be
              linked, after newer changes. ${AGAIN}`
          : html`<span class="ok">✓</span> Workers have carried out every consent.`
      }
      <a href="/console/attention?tab=waiting">What waits now</a>
    </p>
    <p class="quiet">By ${value(run.actor, 80)}: ${value(run.reason, 1000)}</p>`;
}

const DECIDED: Partial<Record<string, (records: string) => string>> = {
  import: (records) => `A customer is created for ${records}.`,
  leave: (records) => `Left without a customer: ${records}.`,
};

function outcome({ plan, system }: LinkPlan): Html | false {
  if (plan === null) return false;
  const { lines, calls, seconds } = plan;
  return html`<h2>1. What happens</h2>
    ${lines.length === 0 ? html`<p class="empty">No customer waits for a link, and ${title(system)} has no record.</p>` : lineTable(lines)}
    <p class="quiet">
      The two sides of a new pair have no common base: equal values agree, a blank value is filled from the
      other side, and of two different values the rule of the field decides. A conflict keeps the other value,
      and can be reversed.
      ${calls > 0 && html`About ${count(calls, 'call')} to ${title(system)}: ${duration(seconds * 1_000)} at its rate limits.`}
    </p>`;
}

/** What becomes of records that wait for a decision. */
const CHOICES = [
  ['wait', 'Decide later: they stay as they are, and wait.'],
  ['import', 'Create a customer in our table for each.'],
  ['leave', 'Leave them without a customer, permanently; npx twinbox link --import takes this back.'],
] as const;

function consent({ plan: { id, plan }, typed }: LinkPlanData, seen: Seen): Html | false {
  if (plan === null) return false;
  const { customers, records_undecided: records, lines } = plan;
  if (customers + records === 0 && !lines.some((line) => line.outcome === 'import'))
    return html`<p class="empty"><span class="ok">✓</span> There is nothing to consent to.</p>`;
  const act = form(seen, {
    to: `/link/${id}`,
    scope: 'operator',
    body: html`${records > 0 && choices(records, typed)}
      <h2>3. Go</h2>
      <p>
        A worker reads both sides again first. If a customer would have another outcome than here, nothing is
        stored, and this page says what has changed.
      </p>
      <label
        >reason <input name="reason" value="${typed.reason}" required maxlength="1000" size="40"
      /></label>
      <button>${customers > 0 ? `Link ${count(customers, 'customer')}` : 'Give consent'}</button>`,
  });
  return html`<h2 id="consent">2. What you can choose</h2>
    <ul>
      <li>All of it, as it is shown: that is what the consent below is to.</li>
      <li>
        Another record for one customer, now or later: on the page of the customer, or
        <code>npx twinbox link CUSTOMER --record ID</code>.
      </li>
    </ul>
    ${act && html`<div class="card act">${act}</div>`}
    ${!may(seen.me.scope, 'operator') && html`<p class="quiet">A person with the scope operator can consent.</p>`}`;
}

function choices(records: number, typed: Typed): Html {
  return html`<fieldset>
    <legend>${count(records, 'record')} without a customer</legend>
    ${CHOICES.map(
      ([name, says]) =>
        html`<p>
          <label
            ><input type="radio" name="records" value="${name}" ${typed.records === name && html` checked`} />
            ${says}</label
          >
        </p>`,
    )}
  </fieldset>`;
}

const run: ActRoute = {
  path: '/link/:id',
  scope: 'operator',
  async act({ api, params, form: given, once }, seen) {
    const typed: Typed = {
      reason: given.get('reason')?.trim() ?? '',
      records: given.get('records') ?? 'wait',
    };
    const refuse = async (says: string, status: number, changed: Difference | null = null) =>
      linkPlanView({ plan: await read(api, params), typed, refusal: { says, status, changed } }, seen);
    if (typed.reason === '') return refuse('A reason is needed: it stands in the audit trail.', 422);
    const id = params['id'] ?? '';
    try {
      await api.post('/api/v1/link-plans/{id}/run', { path: { id }, body: typed, once });
      return `/console/link/${encodeURIComponent(id)}`;
    } catch (error) {
      if (!(error instanceof ApiError) || ![400, 409].includes(error.status)) throw error;
      const changed = error.code === 'plan_stale' ? (error.members['changed'] as Difference) : null;
      return refuse(error.message, error.status === 400 ? 422 : 409, changed);
    }
  },
};

export const linkPlanPage = page({ path: '/link/:id', scope: 'viewer', load, view: linkPlanView });
export const linkPlanActs: readonly ActRoute[] = [run];
