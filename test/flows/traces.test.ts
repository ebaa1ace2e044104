import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startSystem, type System } from '../../cli/embedded/system.ts';
import { loadConfig } from '../../lib/config/config.ts';
import { createLogger } from '../../lib/log.ts';
import { call } from '../cli/twinbox.ts';
import { useDatabase, type TestDatabase } from '../support/database.ts';
import {
  contextOf,
  startOtlpReceiver,
  type OtlpReceiver,
  type ReceivedSpan,
} from '../support/otlp-receiver.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const SECRET = 'ada.lovelace@traces.example';

describe('the traces of one customer', () => {
  const database = useDatabase();
  // Stopped before the database is removed.
  describe('with every role in one process', () => tellStory(database));
});

function tellStory(database: TestDatabase): void {
  let folder: string;
  let receiver: OtlpReceiver;
  let system: System | undefined;
  let request: ReceivedSpan;
  let create: ReceivedSpan;

  before('make a customer through the API, with the traceparent of a caller', async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-traces-'));
    receiver = await startOtlpReceiver();
    const env = {
      DATABASE_URL: database.url,
      TWINBOX_DATA_DIR: folder,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=a%20test',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=of%20the%20receiver',
    };
    system = await startSystem({
      config: loadConfig(env, { envFile: false }),
      log: createLogger({ level: 'error', format: 'json', stream: process.stdout }),
      ports: { api: 0, simulator: 0 },
    });
    await call('GET', `${system.url}/ready`);
    const answer = await fetch(`${system.url}/api/v1/customers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${CALLER}-01` },
      body: JSON.stringify({ name: 'Ada Lovelace', email: SECRET }),
    });
    expect(answer.status).to.equal(201);
    [request = missing()] = await receiver.find('the span of the request', ({ name }) =>
      name.startsWith('POST /api/v1/customers'),
    );
    [create = missing()] = await receiver.find('the create', ({ name }) => name === 'stripe create');
  });
  after('stop it', async () => {
    await system?.stop();
    await receiver.close();
    await rm(folder, { recursive: true, force: true });
  });

  const missing = (): never => expect.fail('there is no such span');
  const linkedTo = (name: RegExp, to: ReceivedSpan): Promise<ReceivedSpan[]> =>
    receiver.find(
      `a span ${String(name)} with a link`,
      (span) => name.test(span.name) && span.links.includes(contextOf(to)),
    );

  it('begin with the request, which continues the trace of its caller', () => {
    expect(request).to.include({ service: 'twinbox-api', kind: 2, traceId: TRACE, parentSpanId: CALLER });
    expect(request.attributes).to.include({
      'http.request.method': 'POST',
      'http.route': '/api/v1/customers',
      'http.response.status_code': 201,
    });
    expect(request.attributes['twinbox.request_id']).to.be.a('string');
  });

  it('have the context of the request with its event, and leave it as it was stored', async () => {
    const [published] = await linkedTo(/^publish sync\.outbound$|^publish .*sync\.outbound/, request);
    const [received] = await linkedTo(/^receive sync\.outbound$/, request);
    expect(published).to.include({ service: 'twinbox-relay', kind: 4, parentSpanId: null });
    expect(received).to.include({ service: 'twinbox-worker', kind: 5, parentSpanId: null });
    expect(received?.attributes).to.include({ 'messaging.system': 'in_process' });
    const { rows } = await database.db.raw<{ rows: { trace: string }[] }>(
      `select context ->> 'trace' as trace from sync_events where event_type = 'customer.created'`,
    );
    expect(rows).to.deep.equal([{ trace: `${contextOf(request)}-01` }]);
  });

  it('show the step of the pair, and below it the call that made the record', async () => {
    expect(create).to.include({ kind: 3, failed: false });
    const [step] = await receiver.find('its step', ({ spanId }) => spanId === create.parentSpanId);
    expect(step).to.deep.include({
      ...{ service: 'twinbox-worker', name: 'reconcile customer', kind: 1, parentSpanId: null },
      ...{ traceId: create.traceId, links: [contextOf(request)] },
    });
    expect(create.attributes).to.deep.include({
      'twinbox.system': 'stripe',
      'http.request.method': 'POST',
      'url.template': '/v1/customers',
      'http.response.status_code': 200,
    });
    expect(create.attributes['twinbox.request_id']).to.match(/^req_/);
  });

  it('show the echo: the step that takes it links to the webhook and to the request behind it', async () => {
    const [webhook = missing()] = await receiver.find(
      'the webhook',
      ({ name }) => name === 'POST /api/v1/webhooks/stripe',
    );
    const [echo] = await receiver.find(
      'the step of the echo',
      ({ name, links }) =>
        name === 'reconcile customer' &&
        links.includes(contextOf(webhook)) &&
        links.includes(contextOf(request)),
    );
    expect(echo?.spanId).to.be.a('string');
    // Sent again once the answer to the request is stored: the webhook itself names what it is an echo of.
    const { rows } = await database.db.raw<{ rows: { event: string }[] }>(
      `select payload #>> '{external,event}' as event from sync_events where event_type = 'stripe.customer.created'`,
    );
    await call('POST', `${system?.simulatorUrl}/_sim/webhooks/resend`, { event: rows[0]?.event });
    const [again] = await linkedTo(/^POST \/api\/v1\/webhooks\/stripe$/, request);
    expect(again?.service).to.equal('twinbox-api');
    const [published] = await linkedTo(/^publish sync\.inbound$/, webhook);
    expect(published?.service).to.equal('twinbox-relay');
  });

  it('name each role as a service of its own, with the version and what the settings add', () => {
    const services = new Set(receiver.spans().map(({ service }) => service));
    expect([...services].sort()).to.deep.equal(['twinbox-api', 'twinbox-relay', 'twinbox-worker']);
    expect(request.resource).to.include({
      'service.version': '0.1.0',
      'deployment.environment.name': 'a test',
    });
    expect(receiver.requests()[0]).to.include({ path: '/v1/traces' });
    expect(receiver.requests()[0]?.headers['api-key']).to.equal('of the receiver');
  });

  it('have no name and no email, and no span for a question about health', () => {
    const sent = receiver
      .requests()
      .map(({ body }) => body)
      .join('\n');
    expect(sent).to.not.include(SECRET);
    expect(sent).to.not.include('Lovelace');
    expect(receiver.spans().map(({ name }) => name)).to.not.include('GET /ready');
  });
}
