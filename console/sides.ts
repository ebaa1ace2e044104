// Two sides of a customer, field by field: ours, what both last agreed on, theirs, and what follows.

import type { Got } from './api.ts';
import { title } from './facts.ts';
import { html, type Html, type Part } from './html.ts';
import { id, toned, value } from './parts.ts';

export type Explanation = Got<'/api/v1/customers/{id}/explain'>;
export type Pair = Explanation['pairs'][number];

/** One table for each system. */
export function sides(pair: Pair, of: { version: number | null; isOne: boolean }): Html {
  const { system, fields, our_version: version, sent_version: sent, external_id: record } = pair;
  return html`<div
    class="card scroll"
    tabindex="0"
    role="region"
    aria-label="Both sides, ours and ${title(system)}"
  >
    <table class="sides" data-live="part" id="sides-${pair.mapping}">
      <thead>
        <tr>
          <th scope="col">field</th>
          <th scope="col">Postgres v${version ?? of.version}</th>
          <th scope="col">last agreed${sent > 0 && html` v${sent}`}</th>
          <th scope="col">${title(system)} ${id(record)}</th>
          <th scope="col"><span class="hide">verdict</span></th>
        </tr>
      </thead>
      <tbody>
        ${fields.map((field) => fieldRow(field, system, record !== null))}
      </tbody>
    </table>
  </div>`;
}

const NOTHING = html`<span class="quiet">–</span>`;

function fieldRow(
  { field, ours, theirs_known: theirs, left_because: left, differs }: Pair['fields'][number],
  system: string,
  isThere: boolean,
): Html {
  const isNewer = differs === true && left === null;
  return html`<tr><th scope="row">${field}</th><td${isNewer && html` class="newer"`}>${value(ours)}</td><td>${left === null && isThere ? value(theirs) : NOTHING}</td><td>${isThere ? value(theirs) : NOTHING}</td><td class="verdict">${verdict(differs, left, system)}</td></tr>`;
}

function verdict(differs: boolean | null, left: string | null, system: string): Part {
  if (differs === null) return html`<span class="quiet">not known yet</span>`;
  if (!differs) return html`<span class="quiet">same</span>`;
  return left === null
    ? toned('wait', 'ours is newer')
    : toned('wait', `${title(system)} differs: ${left.replaceAll('_', ' ')}`);
}

export const EFFECTS: Record<Pair['effect']['would'], string> = {
  nothing: 'nothing: both sides agree',
  superseded: 'nothing: a later change has taken its place',
  create: 'create the record',
  update: 'write what is newer to the record',
  delete: 'delete the record',
  delete_here: 'delete the customer here',
  held: 'wait: a delete is held by the fuse',
  refused: 'send the same request again that was refused',
  link: 'link the customer with a record',
  import: 'bring the record into our table',
  resolve: 'carry out what a person decided',
  unknown: 'ask the system first',
};

/** Which rung answers, what a worker would do, why not now, and what a person can do. */
export function explained(
  { pairs, not_received: away }: Explanation,
  linkOf: (pair: Pair, remedy: Pair['can_do'][number]) => Html | false = () => false,
): Html | false {
  const worth = pairs.filter(({ to_do: toDo, why, not_now: not }) => toDo || why !== null || not.length > 0);
  if (worth.length + away.length === 0) return false;
  return html`<section data-live="part" id="explained">
    <h2>Why</h2>
    ${worth.map((pair) => pairExplained(pair, linkOf))}${away.map(
      ({ system, not_now: obstacles }) =>
        html`<div class="card why">
          <p><b>${title(system)}</b> has not received this customer yet.</p>
          ${reasons(obstacles)}
        </div>`,
    )}
  </section>`;
}

function pairExplained(
  pair: Pair,
  linkOf: (pair: Pair, remedy: Pair['can_do'][number]) => Html | false,
): Html {
  const { system, why, rung, not_now: obstacles, can_do: remedies, attempts } = pair;
  return html`<div class="card why">
    ${why !== null && html`<p><b>${title(system)}:</b> ${why}</p>`}
    <p>
      A worker would
      <b>${wouldDo(pair)}</b
      >${rung !== null && html` <span class="quiet">by the rung <code>${rung}</code></span>`}${attempts > 0 && html`<span class="quiet">, ${attempts} attempts so far</span>`}.
    </p>
    ${reasons(obstacles)}${
      remedies.length > 0 &&
      html`<dl class="facts">
        ${remedies.map(
          (remedy) =>
            html`<dt><code>${remedy.command}</code></dt>
              <dd>${remedy.does} ${linkOf(pair, remedy)}</dd>`,
        )}
      </dl>`
    }
  </div>`;
}

function wouldDo({ effect: { would }, state }: Pair): string {
  if (would === 'nothing' && state !== 'linked') return 'do nothing now';
  return would === 'nothing' || would === 'superseded' ? `do ${EFFECTS[would]}` : EFFECTS[would];
}

function reasons(obstacles: Pair['not_now']): Part {
  return (
    obstacles.length > 0 &&
    html`<ul>
      ${obstacles.map(({ says }) => html`<li>${says}</li>`)}
    </ul>`
  );
}
