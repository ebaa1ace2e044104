// /customers/:id: what happened to this one?

import { addressOf, ApiError, type Got } from '../api.ts';
import { html, type Html } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { count, empty, nameOf, pill, toned } from '../parts.ts';
import { timeline } from '../rail.ts';
import { pauseButtons, remedyLinks } from '../remedies.ts';
import { explained, sides, type Explanation } from '../sides.ts';
import type { Conflict, Fact, Timeline } from '../facts.ts';
import { textOf } from '../facts.ts';
import { may } from '../scopes.ts';
import { compareButton } from './comparison.ts';
import { tripsOf, type FieldChange } from '../trips.ts';

type Customer = Got<'/api/v1/customers/{id}'>;

export type CustomerData = {
  id: string;
  /** Null: it was deleted. */
  customer: Customer | null;
  /** Null where no system is kept in step. */
  explanation: Explanation | null;
  story: Timeline;
  next: string | null;
  conflicts: Conflict[];
};

const STORY = '/api/v1/customers/{id}/timeline';

async function load({ api, params, query }: Asked): Promise<CustomerData> {
  const path = { id: params['id'] ?? '' };
  const after = query.get('after') ?? undefined;
  const [found, explanation, story, conflicts] = await Promise.all([
    orDeleted(api.get('/api/v1/customers/{id}', { path })),
    orDeleted(api.get('/api/v1/customers/{id}/explain', { path })),
    api.get(STORY, { path, query: { limit: 100, after, values: 'true' } }),
    api.get('/api/v1/conflicts', { query: { customer: path.id } }),
  ]);
  return { id: path.id, customer: found, explanation, story, next: null, conflicts };
}

/** A customer that was deleted has its story still; one that never was has none, and that answer is thrown. */
async function orDeleted<T>(asked: Promise<T>): Promise<T | null> {
  return asked.catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 'customer_not_found') return null;
    throw error;
  });
}

/** What each version changed, by comparing it with the version before it. */
function changesOf(items: readonly Fact[]): Map<string, FieldChange[]> {
  const ours = items.filter(isOurs);
  return new Map(
    ours.flatMap(({ event_id: eventId, detail }, at) => {
      const type = textOf(detail['event_type']);
      const before = ours[at + 1] ? valuesOf(ours[at + 1]) : type.endsWith('.created') ? {} : null;
      if (eventId === null || before === null || type.endsWith('.deleted')) return [];
      const fields = valuesOf(ours[at]);
      const names = Object.keys(fields).filter(
        (name) => JSON.stringify(fields[name] ?? null) !== JSON.stringify(before[name] ?? null),
      );
      const changed = names.map((field) => ({
        field,
        from: before[field] ?? null,
        to: fields[field] ?? null,
      }));
      return [[eventId, changed] as const];
    }),
  );
}

function isOurs({ what, detail }: Fact): boolean {
  return what === 'change' && /\.(created|updated|deleted)$/.test(textOf(detail['event_type']));
}

function valuesOf(fact: Fact | undefined): Record<string, unknown> {
  const values = fact?.detail['values'];
  return typeof values === 'object' && values !== null ? { ...values } : {};
}

export function customerView(data: CustomerData, seen: Seen): View {
  const { id, customer, explanation, story, conflicts } = data;
  const { now } = seen;
  const trips = tripsOf(story.items, {
    now,
    missing: story.missing,
    conflicts,
    changes: changesOf(story.items),
  });
  const name = nameOf(customer?.name ?? lastName(story.items), `Customer ${id}`);
  return {
    title: name,
    heading: html`<bdi>${name}</bdi>`,
    pill: html`<span data-live="part" id="standing"
      >${customer === null ? pill('tombstoned') : standing(customer)}</span
    >`,
    actions: [
      ...(explanation ? pauseButtons(explanation, `/customers/${id}`, seen) : []),
      ...(customer !== null && may(seen.me.scope, 'operator') && seen.knows('/replays/new')
        ? [html`<a class="button" href="/console/replays/new?customer=${id}" data-key="r">Replay…</a>`]
        : []),
      ...(explanation ? [compareButton(id, seen) || []].flat() : []),
    ],
    crumbs: [
      ['Customers', '/console/customers'],
      [id, null],
    ],
    main: html`${customer === null && html`<p class="note">This customer was deleted. Its story is kept; what is told of it stays as it was.</p>`}
      ${(explanation?.pairs ?? []).map((pair) => pair.fields.length > 0 && sides(pair, { version: customer?.version ?? null, isOne: explanation?.pairs.length === 1 }))}
      ${explanation && explained(explanation, remedyLinks(`/customers/${id}`, seen))}
      <h2 class="timeline">Timeline</h2>
      ${trips.length === 0 ? empty('Nothing is kept of it.') : timeline(trips, now)} ${storyEnd(story)}`,
    same: { cli: `timeline customer ${id}`, api: addressOf(STORY, { path: { id } }) },
  };
}

/** In how many systems it is not in agreement, in words. */
function standing({ sync }: Customer): Html {
  const states = Object.values(sync).map(({ state }) => state);
  const stuck = states.find((state) => state === 'parked' || state === 'waiting');
  if (stuck !== undefined) return pill(stuck);
  const onTheWay = states.filter((state) => state === 'pending').length;
  if (onTheWay > 0)
    return html`<span data-again
      >${toned('wait', states.length === 1 ? 'on its way' : `on its way to ${count(onTheWay, 'system')}`)}</span
    >`;
  return states.every((state) => state === 'linked') ? pill('linked') : pill(states[0] ?? 'none');
}

function lastName(items: readonly Fact[]): unknown {
  return items.map((fact) => valuesOf(fact)['name']).find((name) => typeof name === 'string');
}

function storyEnd({ beyond_retention: beyond, items }: Timeline): Html | false {
  if (beyond !== null)
    return html`<p class="end-of-story quiet">
      Of what happened before ${beyond.before.slice(0, 10)} not everything is kept.
    </p>`;
  return items.length < 100 && html`<p class="end-of-story quiet">The story begins here.</p>`;
}

export const customerPage = page({ path: '/customers/:id', scope: 'viewer', load, view: customerView });
