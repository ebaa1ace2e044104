// What a plan would do, by effect: how many deliveries, and which, with the fields that would be written.

import type { Got } from './api.ts';
import { html, type Html, type Part } from './html.ts';
import { count, diff, id, number, pill, table } from './parts.ts';
import { EFFECTS, type Pair } from './sides.ts';

type Planned = Got<'/api/v1/replay-plans/{hash}'>;
export type Item = Planned['items'][number];
export type Would = Item['effect']['would'];
/** What stands of a pair, by the number of its mapping; a pair that is not in it was not asked for. */
export type Standing = ReadonlyMap<number, Pair>;

/** First what changes something, then what a person has to look at, then what does nothing. */
const ORDER: readonly Would[] = [
  ...(['update', 'create', 'link', 'import', 'resolve', 'delete', 'delete_here'] as const),
  ...(['unknown', 'refused', 'held', 'superseded', 'nothing'] as const),
];

/** Whose fields are shown: something of ours would be written. */
export const WRITES: readonly Would[] = ['update', 'create', 'refused', 'unknown'];

const TONES: Partial<Record<Would, string>> = {
  delete: 'bad',
  delete_here: 'bad',
  refused: 'wait',
  held: 'wait',
  unknown: 'wait',
};

/** So many rows of one effect are drawn. */
const MOST_ROWS = 50;

export function byEffect(items: readonly Item[]): (readonly [Would, readonly Item[]])[] {
  const groups = Map.groupBy(items, ({ effect }) => effect.would);
  return ORDER.flatMap((would) => {
    const those = groups.get(would);
    return those ? [[would, those] as const] : [];
  });
}

/** Counts as a sentence, each with its events behind it. */
export function effectList(items: readonly Item[], standing: Standing): Html {
  return html`${byEffect(items).map(
    ([would, those]) =>
      html`<details class="card why" id="e-${would}" ${would === 'update' && html` open`}>
        <summary>
          <b class="${TONES[would] ?? ''}">${number(those.length)}</b> would ${wordsOf(would)}
        </summary>
        ${those.length > MOST_ROWS && html`<p class="quiet">The first ${MOST_ROWS} of ${number(those.length)}.</p>`}
        ${table(
          `Deliveries that would ${wordsOf(would)}`,
          ['event', 'pair', 'system', 'stands', 'failed with', 'what would be written'],
          those.slice(0, MOST_ROWS).map((item) => itemRow(item, standing)),
          null,
        )}
      </details>`,
  )}`;
}

function wordsOf(would: Would): string {
  const words = EFFECTS[would];
  return words.startsWith('nothing') ? `do ${words}` : words;
}

function itemRow(item: Item, standing: Standing): Html {
  const { place, event_id: event, event_type: type, version, target, status, state, error } = item;
  const code = typeof error?.['code'] === 'string' ? error['code'] : null;
  return html`<tr id="p${place}" data-row>
    <th scope="row">
      ${event === null ? html`<span class="quiet">none open</span>` : html`<a href="/console/events/${event}">${type ?? id(event)}</a>`}${version !== null && html` <span class="quiet">v${version}</span>`}
    </th>
    <td>${ofItem(item)}</td>
    <td><bdi>${target}</bdi></td>
    <td>${pill(status ?? state ?? 'none')}</td>
    <td>${code === null ? html`<span class="quiet">–</span>` : html`<code>${code}</code>`}</td>
    <td>${effectOf(item, standing)}</td>
  </tr>`;
}

function ofItem({ customer, external_id: record, mapping }: Item): Part {
  if (customer !== null) return html`<a href="/console/customers/${customer}">customer ${customer}</a>`;
  return record === null ? html`pair ${mapping}` : id(record);
}

const NOTHING = html`<span class="quiet">–</span>`;

/** Why, and the difference by field where it is known; else the names of the fields. */
function effectOf({ effect, mapping, external_id: record }: Item, standing: Standing): Part {
  const told: Record<string, unknown> = effect;
  const { why, by, code } = told;
  const fields = WRITES.includes(effect.would) ? (standing.get(mapping)?.fields ?? []) : [];
  const changed = fields.filter(({ differs, left_because: left }) => differs !== false && left === null);
  const names = ['there', 'here'].flatMap((side) => {
    const some: unknown = told[side];
    return Array.isArray(some) && some.length > 0 ? [`${some.join(', ')} ${side}`] : [];
  });
  const parts: Part[] = [
    typeof why === 'string' && html`<div class="quiet">${why}</div>`,
    changed.map(
      ({ field, ours, theirs_known: theirs }) =>
        html`<div>${diff(field, record === null ? undefined : theirs, ours)}</div>`,
    ),
    changed.length === 0 && names.join('; '),
    typeof by === 'string' && html`the state goes with <a href="/console/events/${by}">${id(by)}</a>`,
    changed.length === 0 && typeof code === 'string' && html`<code>${code}</code>`,
  ];
  return parts.some((part) => (Array.isArray(part) ? part.length > 0 : Boolean(part))) ? parts : NOTHING;
}

export type Difference = Record<
  'came' | 'left' | 'changed',
  { count: number; deliveries: { event_id: string | null; mapping: number; customer: number | null }[] }
>;

const SAYS: Record<keyof Difference, string> = {
  came: 'came since',
  left: 'not selected any more',
  changed: 'in another state now',
};

/** Null where the API told none. */
export function differenceOf(members: Record<string, unknown>): Difference | null {
  const told = members['difference'];
  return typeof told === 'object' && told !== null ? (told as Difference) : null;
}

export function differenceList(difference: Difference): Html {
  return html`<ul>
    ${(['came', 'left', 'changed'] as const)
      .filter((what) => difference[what].count > 0)
      .map((what) => {
        const { count: all, deliveries } = difference[what];
        return html`<li>
          <b>${number(all)}</b> ${SAYS[what]}:
          ${deliveries.slice(0, 5).map((each, at) => [at > 0 && ', ', placeOf(each)])}${all > 5 && ' …'}
        </li>`;
      })}
  </ul>`;
}

function placeOf({ event_id: event, customer, mapping }: Difference['came']['deliveries'][number]): Html {
  const of = customer === null ? `pair ${mapping}` : `customer ${customer}`;
  return event === null ? html`${of}` : html`<a href="/console/events/${event}">${of}</a>`;
}

export function countsOf({ counts }: Pick<Planned, 'counts'>): string {
  const { deliveries, pairs, customers } = counts;
  return [
    count(deliveries, 'delivery', 'deliveries'),
    count(pairs, 'pair'),
    count(customers, 'customer'),
  ].join(' · ');
}
