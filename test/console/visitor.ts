// A browser without a window or a script: it keeps cookies, follows nothing by itself, and says where a form
// came from as browsers do.

import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

export type Visited = { status: number; headers: Headers; text: string; to: string | null };

export type Sent = { fields?: Record<string, string>; headers?: Record<string, string> };

export function createVisitor(url: string) {
  const jar = new Map<string, string>();

  async function ask(method: string, path: string, { fields, headers = {} }: Sent): Promise<Visited> {
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const body = fields && new URLSearchParams(fields).toString();
    // Other than fetch, it sends the Host that it is given.
    const asked = request(url + path, {
      method,
      headers: {
        ...(cookies && { Cookie: cookies }),
        ...(body !== undefined && {
          'Content-Type': 'application/x-www-form-urlencoded',
          'Sec-Fetch-Site': 'same-origin',
        }),
        ...headers,
      },
    });
    asked.end(body);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const own = new Headers(
      Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
        [value ?? []].flat().map((each) => [name, each]),
      ),
    );
    for (const cookie of own.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return {
      status: answer.statusCode ?? 0,
      headers: own,
      text: await text(answer),
      to: own.get('Location'),
    };
  }

  return {
    jar,
    get: (path: string, headers: Record<string, string> = {}) => ask('GET', path, { headers }),
    post: (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      ask('POST', path, { fields, headers }),
    async logIn(key: string, more: Record<string, string> = {}): Promise<Visited> {
      const login = await ask('GET', '/console/login', {});
      return ask('POST', '/console/login', { fields: { token: fieldOf(login.text, 'token'), key, ...more } });
    },
    /** The token that the forms of a page have. */
    async token(path = '/console/customers'): Promise<string> {
      return fieldOf((await ask('GET', path, {})).text, 'token');
    },
  };
}

/** The value of a hidden field. */
export function fieldOf(page: string, name: string): string {
  const [, value = ''] = new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(page) ?? [];
  return value
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
