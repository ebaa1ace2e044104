import type { Integration } from '../../lib/integrations/integration.ts';

/** The integration whose list of records fails after this number of pages. */
export function failNext(integration: Integration, after: number): Integration {
  return {
    ...integration,
    async *list(window) {
      let pages = 0;
      for await (const page of integration.list(window)) {
        if (pages === after) throw new Error('no page: the connection was cut');
        pages += 1;
        yield page;
      }
    },
  };
}
