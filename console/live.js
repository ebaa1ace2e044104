// @ts-check
// Pages that stay as they are now; every page works without it. [data-live="list"]: children with an id are
// swapped when their HTML differs, and new ones at its top wait behind a bar. [data-live="part"]: swapped whole.
// [data-again]: it moves without a change of a row.

const badge = document.getElementById('live');
/** What the server said last of each element: a fold that was opened since does not count. @type {Map<string, string>} */
const said = new Map();
const [FOCUSABLE, SECOND, MINUTE] = ['a, button, summary', 1000, 60_000];
let [wait, ticks, isAsking, isStale] = [0, 7, false, false];
let source = /** @type {EventSource | null} */ (null);

/** @param {string} text @param {string} tone */
const tell = (text, tone) =>
  badge && Object.assign(badge, { hidden: false, textContent: text, className: `live ${tone}` });
const pause = () => tell(`paused, as of ${badge?.dataset['at']}`, 'wait');
/** @param {ParentNode} page */
const regions = (page) => [...page.querySelectorAll('[data-live]')];
/** @param {Element} region */
const parts = (region) =>
  region.matches('[data-live=list]') ? [...region.children].filter(({ id }) => id) : [region];

/** @param {Element} old @param {Element} fresh */
function swap(old, fresh) {
  if (said.get(old.id) === fresh.outerHTML) return;
  const focus = old.contains(document.activeElement) ? document.activeElement : null;
  // Nothing is taken away under the caret.
  if (focus?.matches('input, textarea, select')) return;
  said.set(old.id, fresh.outerHTML);
  for (const { id } of old.querySelectorAll('details[open]'))
    fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute('open', '');
  const at = focus ? [...old.querySelectorAll(FOCUSABLE)].indexOf(focus) : 0;
  old.replaceWith(fresh);
  const next = at < 0 ? fresh : fresh.querySelectorAll(FOCUSABLE)[at];
  if (focus) /** @type {HTMLElement | undefined} */ (next)?.focus();
}

/** @param {Element} region @param {Element} fresh */
function merge(region, fresh) {
  const items = parts(fresh);
  const known = items.map(({ id }) => document.getElementById(id));
  items.forEach((item, at) => known[at] && swap(known[at], item));
  const rows = items.filter((item) => item.matches('[data-row]'));
  const first = rows.findIndex(({ id }) => said.has(id));
  const count = first < 0 ? rows.length : first;
  document.getElementById('newer')?.remove();
  if (count === 0 || region.matches('[data-live=part]') || location.search.includes('after=')) return;
  const bar = Object.assign(document.createElement('button'), { id: 'newer', className: 'newer-bar' });
  bar.textContent = `${count} newer`;
  bar.onclick = () => location.reload();
  (region.closest('.scroll') ?? region).before(bar);
}

async function refresh() {
  isStale = document.hidden || isAsking;
  if (isStale) return;
  isAsking = true;
  try {
    const answer = await fetch(location.href, { redirect: 'manual' });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (badge) badge.dataset['at'] = page.getElementById('live')?.dataset['at'];
    for (const fresh of regions(page)) {
      const region = document.getElementById(fresh.id);
      if (region) merge(region, fresh);
    }
    if (source) tell('live', 'ok on');
  } catch {
    pause();
  }
  // At most one page a second.
  setTimeout(() => ((isAsking = false), isStale && refresh()), SECOND);
}

/** @param {number} again */
function stop(again) {
  source?.close();
  source = null;
  if (again) setTimeout(listen, again);
}

function listen() {
  if (document.hidden || source) return;
  source = new EventSource('/console/changes');
  source.onopen = () => ((wait = 0), refresh());
  source.onerror = () => (stop((wait = Math.min(MINUTE / 2, (wait || SECOND) * 2))), pause());
  source.addEventListener('change', refresh);
  source.addEventListener(
    'full',
    ({ data }) => (stop(MINUTE), tell(`not live: ${data} pages are already`, 'wait')),
  );
}

for (const part of regions(document).flatMap(parts)) said.set(part.id, part.outerHTML);
document.addEventListener('visibilitychange', () => (document.hidden ? stop(0) : listen()));
// Not all that changes is told: what [data-again] follows is looked at every 2 s, all else after 2 s, then every 16 s.
const again = () => (document.querySelector('[data-again]') || (ticks += 1) % 8 === 0) && refresh();
if (document.querySelector('main [data-live]')) (listen(), setInterval(again, 2 * SECOND));
