// The cookies of the console: the session, what forms are bound to without one, and the colours.

import { randomBytes } from 'node:crypto';

export type CookieName = 'twinbox_session' | 'twinbox_form' | 'twinbox_theme';

export function cookieOf(request: Request, name: CookieName): string | null {
  for (const part of (request.headers.get('Cookie') ?? '').split(';')) {
    const at = part.indexOf('=');
    if (part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return null;
}

/** `seconds` null: until the browser is closed; 0 removes it. Secure wherever the host is not this machine. */
export function setCookie(host: string, name: CookieName, value: string, seconds: number | null): string {
  return [
    `${name}=${value}`,
    'Path=/console',
    'HttpOnly',
    'SameSite=Strict',
    ...(isLoopback(host) ? [] : ['Secure']),
    ...(seconds === null ? [] : [`Max-Age=${seconds}`]),
  ].join('; ');
}

/** Whether a Host header names this machine: a page of another site cannot have such a name. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
}

export function randomId(): string {
  return randomBytes(18).toString('base64url');
}
