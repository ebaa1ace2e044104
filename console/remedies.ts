// From what the API says that a person can do, to the page that does it.

import { WORDS } from './act-words.ts';
import { title } from './facts.ts';
import { html, type Html } from './html.ts';
import { offerOf, offersOf, pageOf } from './offers.ts';
import type { Seen } from './page.ts';
import { may } from './scopes.ts';
import type { Explanation, Pair } from './sides.ts';

/** Behind each command: the page here that does the same, for a person who may. */
export function remedyLinks(about: string, { me, knows }: Seen) {
  return (pair: Pair, remedy: Pair['can_do'][number]): Html | false => {
    if (!may(me.scope, 'operator')) return false;
    const offer = offerOf(pair, remedy);
    if (offer) return html`<a href="${pageOf(offer, about)}">${WORDS[offer.act].button}…</a>`;
    const [, selection] = /^npx twinbox replay (--customer \d+|\S+)/.exec(remedy.command) ?? [];
    if (selection === undefined || !knows('/replays/new')) return false;
    const query = selection.replace(/^--customer /, 'customer=').replace(/^(?!customer=)/, 'id=');
    return html`<a href="/console/replays/new?${query}">Replay…</a>`;
  };
}

/** The buttons that pause a customer; `resume` stands among what can be done. */
export function pauseButtons(explanation: Explanation, about: string, { me }: Seen): Html[] {
  if (!may(me.scope, 'operator')) return [];
  const offers = offersOf(explanation).filter(({ act }) => act === 'pause');
  return offers.map(
    (offer) =>
      html`<a class="button" href="${pageOf(offer, about)}"
        >Pause${offers.length > 1 && ` ${title(offer.system)}`}…</a
      >`,
  );
}
