import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { startApi } from '../api/start-api.ts';
import { createVisitor } from './visitor.ts';

describe('a console whose page or API is not there', () => {
  const database = useDatabase();
  let open: Awaited<ReturnType<typeof startApi>>;
  before(async () => {
    open = await startApi({ db: database.db, console: {} });
  });
  after(() => open.server.close());

  it('has a page for what is not there, and for an API that does not answer', async () => {
    const browser = createVisitor(open.server.url);
    const unknown = await browser.get('/console/nothing');
    expect([unknown.status, unknown.text.includes('There is no such page')]).to.deep.equal([404, true]);
    const gone = await browser.get('/console/customers/999999');
    expect([gone.status, gone.text.includes('There is no such customer')]).to.deep.equal([404, true]);
    const wrong = await browser.get('/console/customers?nonsense=1');
    expect(wrong.status).to.equal(400);
    expect(wrong.text)
      .to.include('nonsense')
      .and.include(wrong.headers.get('X-Request-Id') ?? 'no id');
    const away = await startApi({ db: database.db, console: { origin: () => 'http://127.0.0.1:1' } });
    try {
      const { status, text } = await createVisitor(away.server.url).get('/console/customers');
      expect(status).to.equal(502);
      expect(text).to.include('The API does not answer').and.include('<nav aria-label="Pages">');
    } finally {
      await away.server.close();
    }
  });
});
