import { expect } from 'chai';
import type nockModule from 'nock';
import type { Failure, Integration } from '../../../../lib/integrations/integration.ts';
import { createStripeIntegration } from '../../../../lib/integrations/stripe/stripe.ts';
import type { CallKind } from './edge-calls.ts';
import { TAG_KEY, SECRET_KEY } from './harness.ts';

/** What the network answers in place of Stripe. Headers are JSON's unless they say otherwise. */
export interface EdgeAnswer {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer | object | undefined;
}

export type Outcome = { answer: unknown } | { failure: Failure };

export interface Edge {
  /** Connects to api.stripe.com as the engine does, with an invented key. */
  integration: () => Integration;
  /** Makes the call, with the answers in order; the last one is repeated. */
  meet: (kind: CallKind, ...answers: EdgeAnswer[]) => Promise<Outcome>;
  /** The URLs that were requested since the last `meet` began, at any host. */
  asked: () => string[];
}

const API = 'https://api.stripe.com';

/**
 * Takes the place of the network between these tests and api.stripe.com, for the length of a
 * `describe`. Importing nock switches it on for the whole process, so it is imported late and
 * switched off again.
 */
export function interceptStripe(): Edge {
  let nock: typeof nockModule;
  let integration: Integration;
  let answers: EdgeAnswer[] = [];
  const asked: string[] = [];
  const onRequest = ({ url }: Request) => void asked.push(url);

  before(async () => {
    ({ default: nock } = await import('nock'));
    if (!nock.isActive()) nock.activate();
    nock.disableNetConnect();
    nock.emitter.on('no match', onRequest);
    integration = createStripeIntegration({ secretKey: SECRET_KEY, tagKey: TAG_KEY });
    const reply = (request: Request): [number, string | Buffer, Record<string, string | string[]>] => {
      asked.push(request.url);
      const { status = 200, headers, body = '' } = (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
      const sent = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      return [status, sent, { 'content-type': 'application/json', 'request-id': 'req_edge', ...headers }];
    };
    const every = /^\//;
    nock(API).persist().get(every).reply(reply).post(every).reply(reply).delete(every).reply(reply);
  });
  after(() => {
    nock.emitter.removeListener('no match', onRequest);
    nock.abortPendingRequests();
    nock.cleanAll();
    nock.enableNetConnect();
    nock.restore();
  });

  return {
    integration: () => integration,
    async meet(kind, ...next) {
      answers = next;
      asked.length = 0;
      return outcomeOf(integration, kind);
    },
    asked: () => [...asked],
  };
}

export async function outcomeOf(integration: Integration, { call }: CallKind): Promise<Outcome> {
  try {
    return { answer: await call(integration) };
  } catch (error) {
    return { failure: integration.classify(error) };
  }
}

export function failed(outcome: Outcome, message = ''): Failure {
  if ('failure' in outcome) return outcome.failure;
  throw new Error(`${message} was taken for an answer: ${JSON.stringify(outcome.answer)}`);
}

/**
 * The rules for a bad answer: no success, no refusal for good, no promise that nothing happened,
 * and no secret.
 */
export function expectUnknown(outcome: Outcome, says: string, kind: Failure['kind'] = 'indeterminate'): void {
  const failure = failed(outcome, says);
  expect(failure.kind, `${says}: ${JSON.stringify(failure)}`).to.equal(kind);
  expect(failure.nothingHappened, says).to.equal(false);
  expectNoSecret(failure, says);
}

export function expectNoSecret(failure: Failure, says = ''): void {
  const text = JSON.stringify(failure);
  expect(text, says).to.not.include(SECRET_KEY);
  expect(text, says).to.not.include('ada@example.com');
}

/**
 * Makes the call with this answer: one request to api.stripe.com and to no other host, with an
 * unknown outcome.
 */
export async function expectUnknownAt(
  edge: Edge,
  calls: readonly CallKind[],
  answer: EdgeAnswer,
  kind?: Failure['kind'],
): Promise<void> {
  for (const call of calls) {
    expectUnknown(await edge.meet(call, answer), call.says, kind);
    const hosts = edge.asked().map((url) => new URL(url).origin);
    expect(hosts, call.says).to.deep.equal([API]);
  }
}
