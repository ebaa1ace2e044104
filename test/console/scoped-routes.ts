// Pages and acts for each scope, besides those of the console.
import { html } from '../../console/html.ts';
import { form, page } from '../../console/page.ts';
import { acts, pages } from '../../console/routes.ts';

/** What an act was asked for, and by whom. */
export const done: string[] = [];

/** Every scope has a page and an act. */
const scoped = (['viewer', 'editor', 'operator', 'admin'] as const).map((scope) => ({
  page: page({
    path: `/for-${scope}`,
    scope,
    load: async () => scope,
    view: (name, seen) => ({
      title: `For ${name}`,
      main: html`${form(seen, { to: `/act-${name}`, scope: name, body: html`<button>Do it</button>` })}`,
    }),
  }),
  act: {
    path: `/act-${scope}`,
    scope,
    act: async ({ form: given, once }: { form: URLSearchParams; once: string }) => {
      done.push(`${scope} ${given.get('reason') ?? ''} ${once}`);
      return '/console/customers?done=yes';
    },
  },
}));

export const routes = {
  pages: [...pages, ...scoped.map((each) => each.page)],
  acts: [...acts, ...scoped.map(({ act }) => act)],
};
