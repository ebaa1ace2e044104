// Logging in: by a key, or by a link that works once. Wrong keys are counted against the browser's address.

import { randomId, setCookie } from './cookies.ts';
import { seeOther, type Draw, type Visit } from './drawing.ts';
import { refuseForm, visitorOf, type SessionSource } from './gate.ts';
import { keptView, loginView, readKept, safeNext, type Kept } from './login.ts';
import { scopeOf } from './scopes.ts';
import { SESSION_MS } from './session.ts';

export type EntranceDeps = { session: SessionSource; draw: Draw; isAct: (path: string) => boolean };

export function createEntrance({ session, draw, isAct }: EntranceDeps) {
  async function enter(visit: Visit, form: URLSearchParams): Promise<Response> {
    const { visitor, host, address } = visit;
    const next = safeNext(form.get('next'));
    const kept = readKept(form.get('kept'), isAct);
    const again = (title: string, detail: string, status = 401) =>
      draw(visit, { ...loginView({ token: visitor.token, next, kept, problem: { title, detail } }), status });

    const refusal = refuseForm(visit.request, visitor, form);
    if (refusal)
      return again(refusal.title, 'Send it once more from this page. Cookies have to be allowed.', 403);
    const link = form.get('link');
    const key = link === null ? (form.get('key') ?? '').trim() : session.takeLink(link);
    if (key === null)
      return again(
        'This link was used, or is too old',
        'Start Twinbox again for a new one, or log in with a key.',
      );
    const check = await session.checkKey(key, address);
    if (!check.ok) return again('You are not logged in', check.detail, check.status);
    const scope = scopeOf(check.scope);
    if (scope === null)
      return again('This key opens no pages', `A key with the scope ${check.scope} may not read.`, 403);
    const opened = { id: randomId(), key, scope, name: check.name };
    const cookie = setCookie(host, 'twinbox_session', visitor.seals.seal(opened), SESSION_MS / 1_000);
    if (kept === null) return seeOther(next, cookie);
    const mine = visitorOf(opened, visitor.seals);
    return draw({ ...visit, visitor: { ...mine, cookies: [cookie] } }, keptView(kept, mine.token));
  }

  return {
    enter,

    /** The page that asks for a key; it leads back to where the person was. */
    async show(visit: Visit): Promise<Response> {
      const { visitor, url } = visit;
      const next = safeNext(url.searchParams.get('next'));
      const link = url.searchParams.get('link');
      if (visitor.me !== null) return seeOther(next);
      const view = loginView({ token: visitor.token, next, kept: null, ...(link !== null && { link }) });
      return draw(visit, view);
    },

    /** In place of a page, or of an act that was not carried out. */
    askForKey(visit: Visit, kept: Kept | null, ended: boolean): Promise<Response> {
      const next = kept === null ? visit.path + visit.url.search : '/console';
      return draw(visit, loginView({ token: visit.visitor.token, next, kept, ended }));
    },
  };
}
