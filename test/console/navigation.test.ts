// Where the head of every page leads to.
import { expect } from 'chai';
import { covers } from '../../lib/keys/scopes.ts';
import { makeKeys } from '../api/keys-made.ts';
import { startApi } from '../api/start-api.ts';
import { useDatabase } from '../support/database.ts';
import { createVisitor } from './visitor.ts';

describe('the head of a page of the console', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db, console: {} });
  });
  after(() => api.server.close());

  for (const scope of ['viewer', 'editor', 'operator', 'admin'] as const) {
    it(`leads ${scope} to what it may read alone`, async () => {
      const browser = createVisitor(api.server.url);
      await browser.logIn((await makeKeys(database.db).make(scope, { name: scope })).text);
      const { text } = await browser.get('/console');
      const [nav = ''] = /<nav aria-label="Pages">[\s\S]*?<\/nav>/.exec(text) ?? [];
      const links = [...nav.matchAll(/href="([^"]+)"/g)].map(([, to = '']) => to);
      expect(links.includes('/console/audit')).to.equal(covers(scope, 'operator'));
      for (const to of links) expect((await browser.get(to)).status, to).to.equal(200);
    });
  }
});
