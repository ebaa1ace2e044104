// The picture of a trip: a line of text, what changed, and its stops on a rail. Attempts fold out below.

import { meaningOf, type Attempt } from './attempts.ts';
import { title, type Conflict } from './facts.ts';
import { html, type Html, type Part } from './html.ts';
import { count, dayOf, diff, duration, id, number, pill, toned, toneOf, value, when } from './parts.ts';
import type { Stop } from './stops.ts';
import type { Trip } from './trips.ts';

const SAID: Record<Stop['state'], string> = {
  done: 'done',
  working: 'being done',
  ahead: 'not yet',
  missing: 'missing',
  failed: 'failed',
};

/** A rail as a list: shapes and colours say for eyes what the hidden words say for ears. */
export function rail(stops: readonly Stop[], label: string): Html {
  return html`<ol class="rail" aria-label="${label}">
    ${stops.map(
      ({ name, state, main, note, wait }, at) =>
        html`<li class="${state}">
          ${at > 0 && html`<span class="leg">${wait === null ? html`<span class="hide">–</span>` : duration(wait)}</span>`}<i
            class="dot"
            aria-hidden="true"
          ></i
          ><b>${name}<span class="hide">: ${SAID[state]}</span></b>
          <span class="main">${main === null ? html`<span class="quiet">–</span>` : id(main)}</span
          >${note !== null && html`<small>${note.length > 24 && /^[\w-]+$/.test(note) ? id(note) : note}</small>`}
        </li>`,
    )}
  </ol>`;
}

/** Trips under the days on which they began, newest first. */
export function timeline(trips: readonly Trip[], now: Date): Html {
  const days = Map.groupBy(trips, ({ at }) => dayOf(new Date(at), now));
  return html`<div class="trips" data-live="list" id="trips">
    ${[...days].map(([day, ofDay]) => [html`<h3 id="day-${ofDay[0]?.at.slice(0, 10)}">${day}</h3>`, ofDay.map((trip) => tripCard(trip, now))])}
  </div>`;
}

function tripCard(trip: Trip, now: Date): Html {
  const { id: key, outcome, rails, attempts } = trip;
  return html`<article
    class="trip ${outcome === null ? 'plain' : toneOf(outcome)}"
    id="t${key}"
    data-row
    tabindex="-1"
  >
    <p class="line">
      ${when(trip.at, now, { day: false })}
      <b>${trip.what}</b
      >${trip.version !== null && html` <span class="quiet">v${trip.version}</span>`}${trip.who !== null && html` <span class="quiet who">${trip.who}</span>`}<span
        class="end"
        >${trip.note && html`<span class="${trip.note.tone}">${trip.note.text}</span> `}${outcome !== null && pill(outcome)}${trip.total !== null && html` <span class="quiet total">${duration(trip.total)}${trip.isRunning && ' so far'}</span>`}</span
      >
    </p>
    ${changesOf(trip)}
    ${rails.map(({ system, stops }) => rail(stops, `The way ${stops.at(-1)?.name === 'Row' ? 'from' : 'to'} ${title(system)}`))}
    ${
      attempts.length > 0 &&
      html`<details id="a${key}">
        <summary>${count(attempts.length, 'attempt')}</summary>
        ${attemptTable(attempts, now)}
      </details>`
    }
  </article>`;
}

function changesOf({ changes, conflicts }: Trip): Part {
  if (changes.length + conflicts.length === 0) return false;
  return html`<p class="changes">
    ${changes.map(({ field, from, to }) => diff(field, from, to))}${conflicts.map(conflictLine)}
  </p>`;
}

function conflictLine({ id: key, field, ours, theirs, rule, winner, system }: Conflict): Html {
  const [kept, other] = winner === 'theirs' ? [theirs, ours] : [ours, theirs];
  return html`<span class="diff"
    ><span class="quiet">${field}</span> kept <b>${value(kept, 80)}</b>,
    ${winner === 'theirs' ? 'ours was' : `${title(system ?? 'the system')} said`} <em>${value(other, 80)}</em>
    <a href="/console/conflicts/${key}">${rule}</a></span
  >`;
}

export function attemptTable(attempts: readonly Attempt[], now: Date): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Attempts">
    <table class="attempts">
      <thead>
        <tr>
          <th scope="col">#</th>
          <th scope="col">at</th>
          <th scope="col">status</th>
          <th scope="col" class="num">ms</th>
          <th scope="col">idempotency key</th>
          <th scope="col">request</th>
          <th scope="col">what it meant</th>
        </tr>
      </thead>
      <tbody>
        ${attempts.map(
          (each, at) =>
            html`<tr>
              <th scope="row">${at + 1}</th>
              <td>${when(each.at, now)}</td>
              <td>
                ${toned(each.error === null ? 'ok' : each.status === 429 || each.status === null || each.status >= 500 ? 'wait' : 'bad', String(each.status ?? 'none'))}
              </td>
              <td class="num">${each.ms === null ? '–' : number(each.ms)}</td>
              <td>${id(each.key)}</td>
              <td>${id(each.request)}</td>
              <td>${meaningOf(each)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
