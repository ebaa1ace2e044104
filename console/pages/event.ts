// /events/:event_id: what happened to this event?

import { addressOf } from '../api.ts';
import { callsOf, stopsOf, type Delivery, type WholeEvent } from '../event-stops.ts';
import { textOf, title } from '../facts.ts';
import { html, type Html, type Part } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { count, duration, id, number, pill, table, toneOf, value, when } from '../parts.ts';
import { attemptTable, rail } from '../rail.ts';
import { may } from '../scopes.ts';

export type EventData = { event: WholeEvent };

const PATH = '/api/v1/events/{event_id}';

async function load({ api, params }: Asked): Promise<EventData> {
  return { event: await api.get(PATH, { path: { event_id: params['event_id'] ?? '' } }) };
}

export function eventView({ event }: EventData, seen: Seen): View {
  const { event_id: eventId, event_type: type, version, deliveries } = event;
  return {
    title: type,
    heading: html`${type}${version !== null && html` <span class="quiet">v${version}</span>`}`,
    pill: html`<span data-live="part" id="standing"
      >${deliveries.map(({ status }) => [pill(status), ' '])}</span
    >`,
    crumbs: [
      ['Events', '/console/events'],
      [eventId, null],
    ],
    actions:
      may(seen.me.scope, 'operator') &&
      deliveries.length > 0 &&
      html`<a class="button" href="/console/replays/new?id=${eventId}" data-key="r">Replay…</a>`,
    main: html`${envelope(event, seen)}
      <div data-live="list" id="deliveries">
        ${deliveries.length === 0 && html`<p class="note wait" id="none">No worker has received it yet.</p>`}
        ${deliveries.map((delivery) => deliveryCard(event, delivery, seen.now))}
      </div>
      ${publishes(event, seen.now)} ${effects(event, seen.now)} ${acts(event, seen.now)}
      <h2>Content</h2>
      ${content(event, seen)}`,
    same: { cli: `events show ${eventId}`, api: addressOf(PATH, { path: { event_id: eventId } }) },
  };
}

function envelope(event: WholeEvent, { now }: Seen): Html {
  const { event_id: key, sync_events_id: place, entity_key: about, customer, source, context } = event;
  const cause = textOf(context['caused_by']);
  const known = Object.entries(context).filter(([name]) => name !== 'caused_by');
  return html`<dl class="facts">
    <dt class="quiet">of</dt>
    <dd>
      ${customer === null ? value(about, 120) : html`<a href="/console/customers/${customer}#t${key}">customer ${customer}</a> <span class="quiet">at its place in the story</span>`}
    </dd>
    <dt class="quiet">from</dt>
    <dd>${value(source, 80)}</dd>
    <dt class="quiet">at</dt>
    <dd>${when(event.created_at, now)}</dd>
    <dt class="quiet">event</dt>
    <dd>${id(key)} <span class="quiet">place ${number(place)} of the outbox</span></dd>
    ${
      cause !== '' &&
      html`<dt class="quiet">caused by</dt>
        <dd>${eventLink(cause)}</dd>`
    }
    ${known.map(
      ([name, told]) =>
        html`<dt class="quiet">${name.replaceAll('_', ' ')}</dt>
          <dd>${contextValue(told)}</dd>`,
    )}
  </dl>`;
}

function contextValue(told: unknown): Part {
  return typeof told === 'string' && /^[\w-]{17,}$/.test(told) ? id(told) : value(told, 200);
}

function eventLink(key: string, words?: string): Html {
  return html`<a href="/console/events/${key}">${words ?? id(key)}</a>`;
}

function deliveryCard(event: WholeEvent, delivery: Delivery, now: Date): Html {
  const { target, status, attempts, received_at: received, settled_at: settled, error } = delivery;
  const calls = callsOf(delivery);
  const name = target === 'internal' ? 'our table' : title(target);
  return html`<article class="trip ${toneOf(status)}" id="d-${target}" data-row tabindex="-1">
    <p class="line">
      <b>To ${name}</b> <span class="quiet">received ${when(received, now)}</span
      ><span class="end"
        >${count(attempts, 'attempt')}
        ${pill(status)}${settled !== null && html` <span class="quiet total">${duration(Math.max(0, Date.parse(settled) - Date.parse(event.created_at)))}</span>`}</span
      >
    </p>
    ${error !== null && html`<p class="bad">${errorOf(error)}</p>`} ${linksOf(delivery)}
    ${rail(stopsOf(event, delivery), `The way to ${name}`)}
    ${
      calls.length > 0 &&
      html`<details id="calls-${target}">
        <summary>${count(calls.length, 'call')}</summary>
        ${attemptTable(calls, now)}
      </details>`
    }
  </article>`;
}

/** Of a failure; what it says can have values of a person in it. */
function errorOf(error: Record<string, unknown>): Html {
  const [code, field, message] = ['code', 'field', 'message'].map((name) => textOf(error[name]));
  return html`<code>${code || 'unknown'}</code
    >${field && html` <span class="quiet">field</span> <code>${field}</code>`}${message && html` ${value(message, 300)}`}`;
}

function linksOf(delivery: Delivery): Part {
  const { superseded_by: by, confirmed_by: echo, mapping, intent, intents_before: before } = delivery;
  const key = textOf(intent?.['key']);
  const record = textOf(mapping?.['external_id']);
  const parts: Part[] = [
    record && html`<span class="diff"><span class="quiet">record</span> ${id(record)}</span>`,
    key && html`<span class="diff"><span class="quiet">idempotency key</span> ${id(key)}</span>`,
    before.length > 0 &&
      html`<span class="diff">${count(before.length, 'write')} before, refused or given up</span>`,
    by !== null && html`<span class="diff"><span class="quiet">superseded by</span> ${eventLink(by)}</span>`,
    echo !== null &&
      html`<span class="diff"><span class="quiet">confirmed by</span> ${eventLink(echo)}</span>`,
  ].filter(Boolean);
  return parts.length > 0 && html`<p class="changes">${parts}</p>`;
}

function publishes({ published, event_id: key }: WholeEvent, now: Date): Html {
  if (published.length === 0)
    return html`<h2>Published</h2>
      <p class="quiet">Not yet, or its place is not kept any more.</p>`;
  const times = (topic: string) => published.filter((each) => each.topic === topic).length;
  return html`<h2>Published</h2>
    ${table(
      'Where it was published',
      ['topic', { num: 'partition' }, { num: 'offset' }, 'noted'],
      published.map(
        ({ topic, partition, offset, saved_at: at }, place) =>
          html`<tr id="k-${key}-${place}">
            <th scope="row">
              <code>${topic}</code
              >${times(topic) > 1 && html` <span class="quiet">published ${times(topic)} times</span>`}
            </th>
            <td class="num">${partition}</td>
            <td class="num">${number(offset)}</td>
            <td>${when(at, now)}</td>
          </tr>`,
      ),
      'published',
    )}`;
}

/** What it led to, and what it confirmed. */
function effects({ led_to: led, confirmed }: WholeEvent, now: Date): Html | false {
  if (led.length + confirmed.length === 0) return false;
  const line = (each: Record<string, unknown>): Html => {
    const version = each['version'];
    const at = textOf(each['created_at']);
    return html`<li>
      ${eventLink(textOf(each['event_id']), textOf(each['event_type']))}${typeof version === 'number' && html` <span class="quiet">v${version}</span>`}${at && html` <span class="quiet">${when(at, now)}</span>`}
    </li>`;
  };
  return html`<section data-live="part" id="effects">
    ${
      led.length > 0 &&
      html`<h2>It led to</h2>
        <ul>
          ${led.map(line)}
        </ul>`
    }
    ${
      confirmed.length > 0 &&
      html`<h2>It is the echo of</h2>
        <ul>
          ${confirmed.map(line)}
        </ul>`
    }
  </section>`;
}

function acts({ operator_actions: done }: WholeEvent, now: Date): Html | false {
  if (done.length === 0) return false;
  return html`<section data-live="part" id="acts">
    <h2>Acts of people</h2>
    <ul>
      ${done.map(({ action, actor, reason, at }) => {
        const why = textOf(reason);
        return html`<li>
          ${when(textOf(at) || null, now)} <b>${textOf(action).replaceAll('_', ' ')}</b> by
          ${value(actor, 80)}${why && html`: ${value(why, 300)}`}
        </li>`;
      })}
    </ul>
  </section>`;
}

/** Values of people: only for those who may change something. */
function content({ payload }: WholeEvent, { me }: Seen): Html {
  if (!may(me.scope, 'operator') && !may(me.scope, 'editor'))
    return html`<p class="quiet">Values are shown to keys with the scope editor or operator.</p>`;
  const lines = JSON.stringify(payload, null, 2).split('\n');
  return html`<details id="payload">
    <summary>Show the values that it has</summary>
    <pre class="card why scroll" tabindex="0">${lines.map((line) => [value(line, 2_000), '\n'])}</pre>
  </details>`;
}

export const eventPage = page({ path: '/events/:event_id', scope: 'viewer', load, view: eventView });
