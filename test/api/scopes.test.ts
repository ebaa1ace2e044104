// Every route of the API with every kind of key, from the table of its routes: a new route is in this test by
// being declared.
import { expect } from 'chai';
import { covers, keyScopes, type KeyScope } from '../../lib/keys/scopes.ts';
import type { DeclaredRoute } from '../../api/routing.ts';
import { createTestClock } from '../support/clock.ts';
import { useDatabase } from '../support/database.ts';
import { isUndescribed, readDocument, templateOf } from './described.ts';
import { bearer, BY, makeKeys } from './keys-made.ts';
import { expectProblem, type Answer } from './start-api.ts';
import { NOW, startIntake, UNSIGNED, type Intake } from './webhook-source.ts';

const HOUR = 3_600_000;

/** What no key is: each is answered 401 by a route that needs one. */
const BAD = ['no key', 'a wrong key', 'a wrong secret', 'an expired key', 'a revoked key'] as const;

describe('every route, with every scope', () => {
  const database = useDatabase();
  let intake: Intake;
  let routes: readonly DeclaredRoute[];
  const keys = new Map<KeyScope | (typeof BAD)[number] | 'ingest of another system', string>();

  before('start the API, and make a key of each kind', async () => {
    intake = await startIntake(database.db, { unsigned: true });
    ({ routes } = intake.api);
    const clock = createTestClock(new Date(NOW.getTime() - HOUR));
    const { make, operations } = makeKeys(database.db, { clock });
    for (const scope of keyScopes)
      keys.set(scope, (await make(scope, { system: scope === 'ingest' ? UNSIGNED : null })).text);
    keys.set('ingest of another system', (await make('ingest', { system: 'another' })).text);
    const soon = new Date(NOW.getTime() - 1);
    keys.set('an expired key', (await make('admin', { expiresAt: soon })).text);
    const revoked = await make('admin');
    await operations.revoke(revoked.id, BY);
    keys.set('a revoked key', revoked.text);
    keys.set('a wrong key', 'not-a-key-at-all');
    keys.set(
      'a wrong secret',
      (keys.get('admin') ?? '').replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    );
  });
  after(() => intake.close());

  /** A path that leads to nothing, so that a request that is let in changes nothing. */
  function ask({ method, path }: DeclaredRoute, key: string | undefined): Promise<Answer> {
    // Wrong keys are many here, and are limited: time goes on.
    intake.pass(HOUR);
    const options = key === undefined ? {} : bearer(key);
    return intake.api.send(method.toUpperCase(), path.replace(/:\w+/g, '0'), options);
  }

  it('are the routes of the document, with their scopes', () => {
    const { paths } = readDocument();
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([method]) => method !== 'parameters')
        .map(([method, { security = [] }]) => `${method} ${path} ${security[0]?.key?.[0] ?? 'none'}`),
    );
    const declared = routes
      .filter((route) => !isUndescribed(route))
      .map(({ method, path, scope }) => {
        const needs = scope === 'open' || scope === 'signed' ? 'none' : scope;
        return `${method} ${templateOf(path)} ${needs}`;
      });
    expect(declared.sort()).to.deep.equal(described.sort());
    expect(routes.length).to.be.greaterThan(20);
    expect(new Set(routes.map(({ scope }) => scope))).to.include.all.keys(
      'viewer',
      'editor',
      'operator',
      'open',
      'signed',
      'ingest',
    );
  });

  it('let in the keys that have the scope, and answer 403 to the others', async () => {
    for (const route of routes) {
      for (const scope of keyScopes) {
        const what = `${route.method} ${route.path} with ${scope}`;
        const answer = await ask(route, keys.get(scope));
        if (covers(scope, route.scope)) expect(answer.status, what).not.to.be.oneOf([401, 403, 429]);
        else {
          expectProblem(answer, 403, 'forbidden');
          expect(answer.json, what).to.include({ needed_scope: route.scope, scope });
        }
      }
    }
  });

  for (const kind of BAD) {
    it(`answer 401 to ${kind}, except where none is needed`, async () => {
      for (const route of routes) {
        const answer = await ask(route, keys.get(kind));
        const what = `${route.method} ${route.path}`;
        if (route.scope === 'open' || route.scope === 'signed') expect(answer.status, what).not.to.equal(401);
        else {
          expectProblem(answer, 401, 'unauthorized');
          expect(answer.headers.get('WWW-Authenticate'), what).to.match(/^Bearer realm="twinbox"/);
        }
      }
    });
  }

  it('take an ingest key for the events of its own system only', async () => {
    const [route] = routes.filter(({ scope }) => scope === 'ingest');
    if (!route) throw new Error('no route needs the scope ingest');
    const answer = await ask(route, keys.get('ingest of another system'));
    expectProblem(answer, 403, 'forbidden');
    expect(answer.json.detail).to.include('another').and.include(UNSIGNED);
  });
});
