// Who may pass: the host that was asked for, the origin of a form, its token, and the session.
//
// Where the API needs no key, anybody on this machine may look, and so might a page of another site that lets its
// own name lead here (DNS rebinding). So there the Host has to be a name of this machine.

import { cookieOf, isLoopback, randomId, setCookie } from './cookies.ts';
import type { Me } from './page.ts';
import { createSeals, type Seals, type Session } from './session.ts';

export type SessionSource = {
  /** Whether the API needs no key. */
  isOpen(): Promise<boolean>;
  /** The same in every process, and after a restart. */
  secrets(): Promise<readonly Uint8Array[]>;
  /** Counts a wrong key against the browser's address. */
  checkKey(key: string, address: string): Promise<KeyCheck>;
  /** The key of a one-time link; null if there is none, or it was used. */
  takeLink(link: string): string | null;
};

export type KeyCheck =
  | { ok: true; scope: string; name: string }
  | { ok: false; status: number; detail: string };

export type Visitor = {
  me: Me | null;
  key: string | null;
  /** What the tokens of forms are bound to. */
  binding: string;
  token: string;
  /** Cookies that the answer sets. */
  cookies: string[];
  seals: Seals;
};

export type GateDeps = {
  session: SessionSource;
  now: () => Date;
  /** Whether an API without keys may be asked under any name: a proxy in front of it checks its clients. */
  anyHost: boolean;
};

export type Refusal = { status: number; title: string; detail: string };

export function createGate({ session, now, anyHost }: GateDeps) {
  let sealing: Promise<Seals> | null = null;

  /** Read once; an outage of the database is tried again. */
  function sealsOf(): Promise<Seals> {
    sealing ??= session
      .secrets()
      .then((secrets) => createSeals(secrets, now))
      .catch((error: unknown) => {
        sealing = null;
        throw error;
      });
    return sealing;
  }

  async function identify(request: Request): Promise<Visitor | Refusal> {
    const host = request.headers.get('Host') ?? '';
    const [seals, isOpen] = await Promise.all([sealsOf(), session.isOpen()]);
    if (isOpen && !anyHost && !isLoopback(host)) return foreignHost(host);
    const found = isOpen ? null : seals.open(cookieOf(request, 'twinbox_session') ?? '');
    return found === null ? withoutSession(request, host, seals, isOpen) : visitorOf(found, seals);
  }

  return {
    identify,
    withoutSession: (request: Request, seals: Seals) =>
      withoutSession(request, request.headers.get('Host') ?? '', seals, false),
  };
}

export function visitorOf({ id, key, scope, name }: Session, seals: Seals): Visitor {
  const binding = `session ${id}`;
  return { me: { scope, name }, key, binding, token: seals.tokenOf(binding), cookies: [], seals };
}

function withoutSession(request: Request, host: string, seals: Seals, isOpen: boolean): Visitor {
  const known = cookieOf(request, 'twinbox_form');
  const id = known !== null && /^[\w-]{24}$/.test(known) ? known : randomId();
  const binding = `form ${id}`;
  return {
    me: isOpen ? { scope: 'admin', name: null } : null,
    key: null,
    binding,
    token: seals.tokenOf(binding),
    cookies: id === known ? [] : [setCookie(host, 'twinbox_form', id, null)],
    seals,
  };
}

function foreignHost(host: string): Refusal {
  return {
    status: 421,
    title: 'This name does not lead here',
    detail: `The console was asked for as ${host.slice(0, 100) || '(no name)'}. While the API needs no key it answers to localhost and 127.0.0.1 alone: make a key (npx twinbox keys create NAME --scope SCOPE), and it answers to every name.`,
  };
}

export const fromElsewhere: Refusal = {
  status: 403,
  title: 'This form came from another site',
  detail: 'Nothing was done. Open the console and send the form from there.',
};

/** Whether a browser says that a page of ours sent this; a program that says nothing is refused. */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get('Sec-Fetch-Site');
  if (site !== null) return site === 'same-origin';
  const origin = request.headers.get('Origin');
  return origin !== null && URL.canParse(origin) && new URL(origin).host === request.headers.get('Host');
}

/** Why a form is refused; null if it is ours. */
export function refuseForm(
  request: Request,
  { binding, seals }: Visitor,
  form: URLSearchParams,
): Refusal | null {
  if (!isSameOrigin(request)) return fromElsewhere;
  if (!seals.isToken(binding, form.get('token') ?? ''))
    return {
      status: 403,
      title: 'This form is not of this session',
      detail:
        'Nothing was done. You logged in again since the page was loaded, or cookies are off. Go back, load the page again and send the form once more.',
    };
  return null;
}
