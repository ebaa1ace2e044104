// The plan of a first link in words: its state, its lines with examples, and what has changed since.

import type { Got } from './api.ts';
import { html, type Html, type Part } from './html.ts';
import { count, id, number, table, toned, value, type Tone } from './parts.ts';

export type LinkPlan = Got<'/api/v1/link-plans/{id}'>;
export type Difference = NonNullable<LinkPlan['changed']>;
type Line = NonNullable<LinkPlan['plan']>['lines'][number];
type Example = Line['examples'][number];

const STATES: Record<LinkPlan['state'], readonly [words: string, tone: Tone]> = {
  waiting: ['waits for a worker', 'wait'],
  reading: ['being read', 'wait'],
  ready: ['waits for you', 'wait'],
  checking: ['being compared', 'wait'],
  storing: ['being stored', 'wait'],
  done: ['consent given', 'ok'],
  stale: ['out of date', 'bad'],
  failed: ['failed', 'bad'],
};

export function planPill(state: LinkPlan['state']): Html {
  const [words, tone] = STATES[state];
  return toned(tone, words);
}

/** Lines about some of the pairs that an earlier line has counted. */
const PARTS = ['pair_differs', 'pair_field', 'pair_waits'];

export function lineTable(lines: readonly Line[]): Html {
  return table(
    'What would happen',
    [{ num: 'how many' }, 'what happens', 'such as'],
    lines.map(
      ({ outcome, count: many, says, examples }) =>
        html`<tr data-row>
          <td class="num">${number(many)}</td>
          <th scope="row">${PARTS.includes(outcome) && html`<span class="quiet">… </span>`}${value(says)}</th>
          <td>${examplesOf(examples)}</td>
        </tr>`,
    ),
    null,
  );
}

export function examplesOf(examples: readonly Example[]): Part {
  if (examples.length === 0) return html`<span class="quiet">–</span>`;
  return examples.map((each, at) => html`${at > 0 && ', '}${exampleOf(each)}`);
}

function exampleOf({ customer, record }: Example): Html {
  const row = customer !== null && html`<a href="/console/customers/${customer}">customer ${customer}</a>`;
  return html`${row}${row && record !== null && ' – '}${record !== null && id(record)}`;
}

export function differenceList({ customers, examples, lines }: Difference): Html {
  return html`<ul>
    ${
      customers !== null &&
      html`<li>
        ${count(customers, 'customer')} with another
        outcome${examples.length > 0 && html`: ${examplesOf(examples)}`}
      </li>`
    }
    ${lines.map((line) => html`<li>${value(line.says)}: ${number(line.before)}, and now ${number(line.after)}</li>`)}
  </ul>`;
}
