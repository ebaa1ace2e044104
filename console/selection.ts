// What is selected for a replay: its words as the API has them, as a sentence, and as fields of a form.

import type { Got } from './api.ts';
import { html, type Html, type Part } from './html.ts';
import { count, id, value } from './parts.ts';

/** Of a query or of a form. */
export const WORDS = [
  ...(['id', 'status', 'group', 'customer', 'system', 'direction', 'error'] as const),
  ...(['since', 'until', 'max'] as const),
] as const;

export type Word = (typeof WORDS)[number];
export type Words = Partial<Record<Word, string>>;

/** What an error group is about; null if it is not there now. */
export type GroupOf = Pick<
  Got<'/api/v1/groups/{fingerprint}'>,
  'code' | 'field' | 'system' | 'count' | 'fingerprint'
> | null;

export function wordsOf(given: URLSearchParams): Words {
  return Object.fromEntries(
    WORDS.flatMap((word) => {
      const text = given.get(word)?.trim() ?? '';
      return text === '' ? [] : [[word, text]];
    }),
  );
}

/** As the API takes them: numbers where it wants numbers. What is no number goes as it is, and is refused by name. */
export function bodyOf(words: Words): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(words).map(([word, text]) => [
      word,
      (word === 'customer' || word === 'max') && /^\d{1,15}$/.test(text) ? Number(text) : text,
    ]),
  );
}

/** `The deliveries that are parked, of customer 42, since 2h.` */
export function sentence(words: Words, group: GroupOf = null): Html {
  const { id: ids, status, customer, system, direction, error, since, until, max } = words;
  const several = ids?.split(',') ?? [];
  const parts: Part[] = [
    words.group !== undefined && ofGroup(words.group, group),
    ids !== undefined && [
      several.length === 1 ? ' of the event ' : ` of ${count(several.length, 'event')}: `,
      several.slice(0, 5).map((each, at) => [at > 0 && ', ', eventLink(each.trim())]),
      several.length > 5 && ' …',
    ],
    status !== undefined && html` that are <b>${status.replaceAll(',', ' or ')}</b>`,
    status === undefined && ids === undefined && words.group === undefined && html` that are <b>parked</b>`,
    error !== undefined && html` that failed with <code>${error}</code>`,
    customer !== undefined && html` of <a href="/console/customers/${customer}">customer ${customer}</a>`,
    system !== undefined && html` of pairs with <b><bdi>${system}</bdi></b>`,
    direction !== undefined && (direction === 'in' ? ' to our table' : ' to a system'),
    since !== undefined && html` since ${value(since, 40)}`,
    until !== undefined && html` before ${value(until, 40)}`,
    max !== undefined && html`, the oldest ${value(max, 20)} of them`,
  ];
  return html`<p class="sentence">The deliveries${parts}.</p>`;
}

function ofGroup(fingerprint: string, group: GroupOf): Part {
  if (group === null) return html` of the error group <code>${fingerprint}</code>`;
  const { code, field, system } = group;
  return html` of the ${count(group.count, 'pair')} in the group
    <a href="/console/groups/${fingerprint}"><code>${code}</code></a
    >${field !== null && html` (field <code>${field}</code>)`} at <bdi>${system}</bdi>`;
}

/** A text of the URL is drawn as a link only where it can be an event. */
function eventLink(text: string): Part {
  return /^[0-9a-f-]{36}$/i.test(text)
    ? html`<a href="/console/events/${text}">${id(text)}</a>`
    : value(text, 60);
}

/** The words as fields that are not seen. */
export function hiddenWords(words: Words): Part {
  return Object.entries(words).map(
    ([word, text]) => html`<input type="hidden" name="${word}" value="${text}" />`,
  );
}

const HINTS: Record<Word, string> = {
  id: 'ids of events, with commas',
  status: 'parked',
  group: 'fingerprint',
  customer: 'id',
  system: 'any',
  direction: '',
  error: 'code',
  since: '2h',
  until: '2026-11-30T06:00:00Z',
  max: '100000',
};

/** The words as fields that a person changes. */
export function wordFields(words: Words): Part {
  return WORDS.map((word) =>
    word === 'direction'
      ? html`<label
          >direction
          <select name="direction">
            <option value="">both</option>
            ${['out', 'in'].map((each) => html`<option ${each === words.direction && html` selected`}>${each}</option>`)}
          </select></label
        >`
      : html`<label
          >${word} <input name="${word}" value="${words[word] ?? ''}" placeholder="${HINTS[word]}"
        /></label>`,
  );
}

/** The same in a shell, without what would have to be quoted. */
export function commandOf(words: Words): string {
  const options = Object.entries(words).flatMap(([word, text]) =>
    /^[\w.:,-]+$/.test(text) ? [`--${word} ${text.replaceAll(',', ' ')}`] : [],
  );
  return ['replay', ...options].join(' ');
}
