// What the head of every page shows of the whole.
import { expect } from 'chai';
import type { Got } from '../../console/api.ts';
import { createConsole } from '../../console/console.ts';
import { html } from '../../console/html.ts';
import { page, type ActRoute } from '../../console/page.ts';
import { sample } from './samples.ts';
import { fieldOf } from './visitor.ts';

type Overview = Got<'/api/v1/overview'>;

describe('the head of the pages of the console', () => {
  const refused: ActRoute = {
    path: '/act',
    scope: 'operator',
    act: ({ api, once }) =>
      api
        .post('/api/v1/lanes/{system}/pause', { path: { system: 'stripe' }, body: {}, once })
        .then(() => '/console'),
  };
  const shown = page({
    ...{ path: '/shown', scope: 'viewer', nav: { text: 'Attention', key: 'a', order: 1 } },
    load: () => Promise.resolve(null),
    view: (_, { token }) => ({
      title: 'Shown',
      main: html`<input type="hidden" name="token" value="${token}" />`,
    }),
  });

  function open(world = { now: new Date(), count: 7 }) {
    const overview = (): Overview => ({
      ...sample<Overview>('Overview'),
      stuck: { count: world.count, oldest: [] },
    });
    const answer = (request: string): Response =>
      request.endsWith('/overview')
        ? Response.json(overview())
        : Response.json({ code: 'unknown', title: 'It was refused', detail: 'No.' }, { status: 409 });
    const pages = createConsole({
      api: {
        origin: () => 'http://api',
        fetch: (asked) => Promise.resolve(answer(asked instanceof Request ? asked.url : String(asked))),
      },
      session: {
        isOpen: () => Promise.resolve(true),
        secrets: () => Promise.resolve([Buffer.from('a secret of these tests alone')]),
        checkKey: () => Promise.resolve({ ok: true, scope: 'admin', name: 'a test' }),
        takeLink: () => null,
      },
      ...{ clock: { now: () => world.now }, environment: 'test', anyHost: false },
      log: { warn: () => undefined, error: () => undefined },
      routes: { pages: [shown], acts: [refused] },
    });
    const from = { address: '127.0.0.1', requestId: 'r', close: new AbortController().signal };
    return async (path: string, cookie: string | null, form?: Record<string, string>) => {
      const headers = {
        Host: 'localhost',
        'Sec-Fetch-Site': 'same-origin',
        ...(cookie && { Cookie: cookie }),
      };
      const request = new Request(new URL(path, 'http://localhost'), {
        headers,
        ...(form && { method: 'POST', body: new URLSearchParams(form) }),
      });
      const response = await pages.respond(request, from);
      const [set = ''] = response.headers.getSetCookie();
      return { status: response.status, text: await response.text(), cookie: set.split(';')[0] ?? '' };
    };
  }

  it('say how many need a person, also where a form was refused, and where there is no page', async () => {
    const ask = open();
    const first = await ask('/console/shown', null);
    const token = fieldOf(first.text, 'token');
    const answers = [
      first,
      await ask('/console/act', first.cookie, { token }),
      await ask('/console/act', first.cookie, { token: 'forged' }),
      await ask('/console/nothing', first.cookie),
    ];
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 409, 403, 404]);
    for (const { status, text } of answers)
      expect(text, String(status)).to.match(/<span class="badge"[^>]*>7<\/span>/);
  });

  it('hide the number that no reader has asked for yet, in a place that a page that is open fills in', async () => {
    const { text } = await open({ now: new Date(), count: 0 })('/console/shown', null);
    expect(text).to.match(/<span class="badge" id="needs" data-live="part"\s+hidden\s*>0<\/span>/);
  });

  it('show no figure that was read more than a minute ago', async () => {
    const world = { now: new Date('2026-11-30T03:00:00Z'), count: 7 };
    const ask = open(world);
    await ask('/console/shown', null);
    Object.assign(world, { now: new Date('2026-11-30T03:02:00Z'), count: 8 });
    expect((await ask('/console/shown', null)).text).to.match(/<span class="badge"[^>]*>8<\/span>/);
  });
});
