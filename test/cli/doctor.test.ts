import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { checks } from '../../lib/finding.ts';
import { tellOnce } from '../../lib/operations/doctor.ts';
import { useDatabase } from '../support/database.ts';
import { usePlace } from './twinbox.ts';

type Check = { name: string; level: string; says: string; fix?: string };

const KEY = 'rk_test_secretive0123456789';

describe('twinbox doctor', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let stripe: Server;
  let apiBase: string;
  /** What each path answers; a bare status is a refusal. */
  let answers: Record<string, object | number> = {};

  before(async () => {
    stripe = createServer((request, response) => {
      const answer = answers[(request.url ?? '').split('?')[0] ?? ''] ?? 403;
      const refused = typeof answer === 'number';
      const error = {
        type: 'invalid_request_error',
        code: 'more_permissions_required',
        message: `The provided key '${KEY}' may not. Having the 'rak_event_read' permission would allow this request to continue.`,
      };
      response.writeHead(refused ? answer : 200, {
        'content-type': 'application/json',
        'request-id': 'req_1',
      });
      response.end(JSON.stringify(refused ? { error } : answer));
    });
    stripe.listen(0, '127.0.0.1');
    await once(stripe, 'listening');
    apiBase = `http://127.0.0.1:${(stripe.address() as AddressInfo).port}`;
  });
  after(() => stripe.close());

  const list = (...data: object[]) => ({ object: 'list', data, has_more: false, url: '/' });
  const endpoint = {
    ...{ id: 'we_1', object: 'webhook_endpoint', url: 'https://example.com/api/v1/webhooks/stripe' },
    ...{ status: 'enabled', api_version: null, enabled_events: ['*'] },
  };
  const well = {
    '/v1/account': { id: 'acct_1', object: 'account' },
    '/v1/customers': list(),
    '/v1/test_helpers/test_clocks': list(),
    '/v1/events': list(),
    '/v1/webhook_endpoints': list(endpoint),
  };

  async function examine(
    env: Record<string, string> = {},
  ): Promise<{ code: number | null; checks: Check[] }> {
    const withKey = {
      STRIPE_SECRET_KEY: KEY,
      STRIPE_API_BASE: apiBase,
      STRIPE_WEBHOOK_SECRET: 'whsec_hidden',
    };
    const { code, stdout, stderr } = await place.run(['doctor', '--json'], { env: { ...withKey, ...env } });
    for (const secret of [KEY, 'whsec_hidden', 'hunter2']) expect(stdout + stderr).not.to.include(secret);
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
    expect(ok).to.equal(code === 0);
    return { code, checks };
  }
  const named = (checks: Check[], name: string, level: string): string =>
    checks
      .filter((each) => each.name === name && each.level === level)
      .map(({ says, fix }) => `${says} → ${fix ?? ''}`)
      .join('\n');

  it('has no problem with a key that may do everything, an endpoint and its secret; and warns that no event came', async () => {
    answers = well;
    const { code, checks } = await examine();
    const relay = named(checks, 'relay', 'problem');
    expect(relay).to.match(/no relay has ever run/);
    expect(checks.filter(({ level }) => level === 'problem')).to.have.length(1);
    expect(code).to.equal(1);
    expect(named(checks, 'heard', 'warning')).to.match(/no event of Stripe has been stored yet/);
    expect(named(checks, 'webhooks', 'ok')).to.include('we_1');
    for (const { level, fix } of checks) expect(fix === undefined).to.equal(level === 'ok');
  });

  it('names the rights that a restricted key lacks', async () => {
    answers = { ...well, '/v1/events': 403, '/v1/webhook_endpoints': 403 };
    const { code, checks } = await examine();
    expect(code).to.equal(1);
    expect(named(checks, 'key rights', 'problem')).to.match(
      /may not use: Events .* → Give .* permission Events: read \(Stripe names rak_event_read\)\./,
    );
    expect(named(checks, 'key rights', 'warning')).to.match(/Webhook Endpoints/);
    expect(checks.filter(({ says }) => /endpoint/i.test(says))).to.have.length(1);
  });

  it('says that a key has no rights at all', async () => {
    answers = Object.fromEntries(Object.keys(well).map((path) => [path, 401]));
    const { checks } = await examine();
    expect(named(checks, 'key rights', 'problem')).to.match(/refuses the key, or does not answer/);
  });

  /** What is wrong, besides that no process has run on this database yet. */
  const wrong = (found: Check[]): string[] =>
    found
      .filter(({ level, name }) => level !== 'ok' && !['relay', 'partitions', 'heard'].includes(name))
      .map(({ name }) => name);

  it('reports one cause once: a revoked key, a Stripe that does not answer, a missing right', async () => {
    answers = Object.fromEntries(Object.keys(well).map((path) => [path, 401]));
    expect(wrong((await examine()).checks)).to.deep.equal(['key rights']);
    answers = { ...well, '/v1/account': 403 };
    expect(wrong((await examine()).checks)).to.deep.equal(['key rights']);
    const away = await examine({ STRIPE_API_BASE: 'http://127.0.0.1:1' });
    expect(wrong(away.checks)).to.deep.equal(['key rights']);
  });

  it('reports one cause once: no database, no usable folder, and no database beside a Stripe that does not answer', async () => {
    answers = well;
    const away = new URL(database.url);
    away.port = '1';
    const noDatabase = { DATABASE_URL: away.href };
    const { checks } = await examine(noDatabase);
    expect(wrong(checks)).to.deep.equal(['database']);
    expect(named(checks, 'database', 'problem')).to.match(
      /^The database does not answer \(\w+\)\. → Start it, [^.]*\.$/,
    );
    expect(named(checks, 'key rights', 'ok')).to.match(/may read/);
    const noFolder = { DATABASE_URL: '', TWINBOX_DATA_DIR: process.execPath };
    const folder = await examine(noFolder);
    expect(wrong(folder.checks)).to.deep.equal(['disk']);
    expect(named(folder.checks, 'disk', 'problem')).to.match(
      /a file is in its place\. → Let TWINBOX_DATA_DIR name/,
    );
    const both = await examine({ ...noDatabase, STRIPE_API_BASE: 'http://127.0.0.1:1' });
    expect(wrong(both.checks)).to.deep.equal(['database', 'key rights']);
  });

  it('reports once what several checks have found, with their names', () => {
    const away = (name: string) => checks.problem(name, 'The database does not answer.', 'Start it.');
    const fine = [checks.ok('settings', 'read'), checks.ok('bus', 'read')];
    const [settings, bus] = fine as [Check, Check];
    const found = [settings, away('relay'), bus, away('partitions'), away('retention'), away('relay')];
    expect(tellOnce(found as Parameters<typeof tellOnce>[0])).to.deep.equal([
      settings,
      { ...away('relay'), says: 'The database does not answer. (also: partitions, retention)' },
      bus,
    ]);
  });

  it('checks the endpoint: disabled, without the events, in another version, or missing', async () => {
    const seen = async (...endpoints: object[]): Promise<string> => {
      answers = { ...well, '/v1/webhook_endpoints': list(...endpoints) };
      const { checks } = await examine();
      return `${named(checks, 'webhooks', 'problem')}${named(checks, 'webhooks', 'warning')}`;
    };
    expect(await seen({ ...endpoint, status: 'disabled' })).to.match(/is disabled → Enable the endpoint/);
    expect(await seen({ ...endpoint, enabled_events: ['customer.created'] })).to.match(
      /does not send customer\.updated, customer\.deleted/,
    );
    expect(await seen({ ...endpoint, api_version: '2020-01-01' })).to.match(/Twinbox uses the API version/);
    expect(await seen()).to.match(/no endpoint of this account leads to/);
  });

  it('says without a webhook secret that only the sweep receives events', async () => {
    answers = well;
    const { code, checks } = await examine({ STRIPE_WEBHOOK_SECRET: '' });
    expect(code).to.equal(1);
    expect(named(checks, 'webhooks', 'problem')).to.match(/arrive by the sweep only.* STRIPE_WEBHOOK_SECRET/);
  });

  it('names the events that were refused in the last day, and the pairs that wait for a person', async () => {
    answers = well;
    await database.db('inbound_refusals').insert([
      { system: 'stripe', reason: 'other_livemode' },
      { system: 'stripe', reason: 'other_livemode' },
      { system: 'stripe', reason: 'too_old', created_at: '2020-01-01' },
    ]);
    await database.db('external_mappings').insert({
      ...{ system: 'stripe', external_id: 'cus_x', state: 'waiting', reason: 'ask_link' },
    });
    const { checks } = await examine();
    expect(named(checks, 'refused', 'warning')).to.match(/^in the last day: 2 other_livemode →/);
    expect(named(checks, 'waiting', 'warning')).to.match(
      /1 waiting \(ask_link\) → npx twinbox link shows more/,
    );
  });

  it('says that deliveries are refused and which setting is wrong, though the endpoint itself is fine', async () => {
    answers = well;
    const now = new Date();
    await database.db('webhook_signs').insert({
      ...{ system: 'stripe', refused: 12, refused_since: now, refused_at: now, refused_reason: 'no_match' },
    });
    const { code, checks } = await examine();
    expect(code).to.equal(1);
    expect(named(checks, 'webhooks', 'problem')).to.match(
      /^12 deliveries of stripe refused since .*: the secret in STRIPE_WEBHOOK_SECRET is not the secret of the endpoint/,
    );
    expect(named(checks, 'webhooks', 'ok')).to.include('we_1');
    await database.db('webhook_signs').delete();
  });

  it('names once the role that is missing, and what needs it', async () => {
    answers = well;
    await database.db.raw(
      `insert into role_signs (role, owner, seen_at, stopped_at)
       values ('relay', 'host:1:a', now(), null), ('worker', 'host:2:b', now() - interval '2 minutes', null),
              ('housekeeping', 'host:2:b', now() - interval '2 minutes', null)`,
    );
    const { checks } = await examine();
    expect(named(checks, 'roles', 'problem')).to.match(
      /^no worker is running: the last one \(host:2\) showed its last sign of life at .* → Start it: npm run worker/,
    );
    await database.db('role_signs').delete();
  });

  it('continues where one check fails: wrong settings, no database, a schema of a newer program', async () => {
    answers = well;
    const wrong = await examine({ API_PORT: 'many' });
    expect(named(wrong.checks, 'settings', 'problem')).to.match(/API_PORT/);
    const away = new URL(database.url);
    away.port = '1';
    away.password = 'hunter2';
    const { code, checks } = await examine({ DATABASE_URL: away.href });
    expect(code).to.equal(1);
    expect(named(checks, 'database', 'problem')).to.match(/does not answer.* → Start (it|the database)/s);
    const silent = await examine({ KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1' });
    expect(named(silent.checks, 'bus', 'problem')).to.match(/Kafka at 127\.0\.0\.1:1 does not answer/);
    expect(named(silent.checks, 'key rights', 'ok')).to.match(/may read/);
    await database.db.raw(`insert into schema_migrations (name, batch) values ('9999-later.sql', 9)`);
    const newer = await examine();
    expect(named(newer.checks, 'migrations', 'problem')).to.match(/9999-later\.sql/);
    expect(named(newer.checks, 'key rights', 'ok')).to.match(/may read/);
    await database.db('schema_migrations').where({ name: '9999-later.sql' }).delete();
  });

  it('prints a line for each check, and below it how to fix the problem', async () => {
    answers = well;
    const { code, stdout } = await place.run(['doctor']);
    expect(code).to.equal(1);
    expect(stdout).to.match(/^ok +settings +read; database from DATABASE_URL$/m);
    expect(stdout).to.match(/^problem +relay .*\n +→ Start Twinbox: npx twinbox up/m);
    const wrong = await place.run(['doctor'], { env: { API_PORT: 'many' } });
    expect(wrong.stdout).to.match(/^problem +settings .*\n +- API_PORT .*\n.*\n +→ Fix what is named/m);
  });
});
