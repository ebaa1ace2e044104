// An error group: what failed, how often, what it means and how it is cured.

import type { Got } from './api.ts';
import { html, type Html, type Part } from './html.ts';
import type { Seen } from './page.ts';
import { count, nameOf, number, toned, value, when, type Tone } from './parts.ts';
import { may } from './scopes.ts';

export type Group = Got<'/api/v1/groups'>[number];

export function groupCard(group: Group, seen: Seen): Html {
  const { fingerprint: key, code, example } = group;
  return html`<article class="trip ${toneOfGroup(group)}" id="g${key}" data-row tabindex="-1">
    <p class="line">
      <b
        ><a href="/console/groups/${key}"><bdi>${nameOf(code, 'unknown')}</bdi></a></b
      >
      <span class="quiet">${cause(group)}</span><span class="end">${standing(group)}</span>
    </p>
    ${figures(group, seen)} ${meaning(group)}
    ${
      example !== null &&
      html`<p class="quiet">
        Such as ${pairLink(example)}${example.says !== null && html`: ${value(example.says, 200)}`}
      </p>`
    }
    ${replayLink(group, seen)}
  </article>`;
}

export function toneOfGroup({ parked, waiting }: Group): Tone {
  return parked > 0 ? 'bad' : waiting > 0 ? 'wait' : 'plain';
}

/** `permanent · field email · stripe` */
export function cause({ class: of, field, system }: Group): Part {
  return html`<code>${of}</code>${field !== null && html` · field <code>${field}</code>`} ·
    <bdi>${system}</bdi>`;
}

export function standing({ parked, waiting, retrying, closed }: Group): Part {
  return [
    parked > 0 && toned('bad', `${number(parked)} ${parked === 1 ? 'needs' : 'need'} you`),
    waiting > 0 && toned('wait', `${number(waiting)} ${waiting === 1 ? 'waits' : 'wait'}`),
    retrying > 0 && toned('wait', `${number(retrying)} retrying`),
    closed > 0 && toned('plain', `${number(closed)} closed`),
  ].filter(Boolean);
}

export function figures(group: Group, { now }: Seen): Html {
  return html`<p class="quiet">
    ${count(group.count, 'pair')}, ${count(group.customers, 'customer')} touched; first seen
    ${when(group.first_seen, now)}, last ${when(group.last_seen, now)}
  </p>`;
}

export function meaning({ means, cure }: Group): Html {
  return html`<p>${inCode(means)}</p>
    <p><span class="quiet">Cure:</span> ${inCode(cure)}</p>`;
}

/** What stands between backticks is something to type. */
export function inCode(text: string): Part {
  return text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part));
}

type Pair = NonNullable<Group['example']>;

export function pairLink({ customer, external_id: record, mapping }: Omit<Pair, 'says'>): Html {
  if (customer !== null) return html`<a href="/console/customers/${customer}">customer ${customer}</a>`;
  return html`<a href="/console/mappings/${mapping}"
    >${record === null ? html`pair ${mapping}` : html`record <code>${record}</code>`}</a
  >`;
}

export function replayLink({ fingerprint, count: pairs }: Group, { me }: Seen, key = false): Html | false {
  return (
    pairs > 0 &&
    may(me.scope, 'operator') &&
    html`<p>
      <a class="button" href="/console/replays/new?group=${fingerprint}" ${key && html` data-key="r"`}
        >Replay this group…</a
      >
    </p>`
  );
}
