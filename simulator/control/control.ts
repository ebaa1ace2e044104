/**
 * The control routes under `/_sim`: the functions of the handle, for a client in another process.
 * JSON both ways, names in snake_case; docs/simulator.md lists them.
 */
import express, { Router, type NextFunction, type Request, type Response } from 'express';
import {
  badControl,
  bodyReader,
  camel,
  FAULT,
  inTime,
  LIMIT,
  NUMBER,
  queryOf,
  RULES,
  snakeKeys,
  TEXT,
} from './body.ts';
import { addDashboardRoutes } from './dashboard-routes.ts';
import { addWebhookRoutes } from './webhook-routes.ts';
import { isRefusal } from '../http/errors.ts';
import type { FaultRule, Outage } from './faults.ts';
import type { LedgerFilter } from './ledger.ts';
import type { ControlParts } from './parts.ts';

export function createControlRoutes(parts: ControlParts): Router {
  const router = Router();
  router.use(express.json({ limit: '2mb' }));
  router.get('/', (_request, response) => {
    const { living } = parts.ledger.effects();
    const now = parts.clock.now();
    const pending = parts.webhooks.pending();
    response.json({
      service: 'stripe-simulator',
      ...parts.keys.list(),
      now,
      living_customers: living,
      pending_webhooks: pending,
    });
  });
  router.post('/reset', (_request, response) => {
    parts.reset();
    response.status(204).end();
  });
  addClockRoutes(router, parts);
  addFaultRoutes(router, parts);
  addLedgerRoutes(router, parts);
  addAccountRoutes(router, parts);
  addDashboardRoutes(router, parts);
  addWebhookRoutes(router, parts);
  router.use((request: Request) => {
    throw Object.assign(badControl(`No such control route: ${request.method} ${request.originalUrl}`), {
      status: 404,
    });
  });
  router.use(answerError);
  return router;
}

function addClockRoutes(router: Router, { clock }: ControlParts): void {
  const readMove = bodyReader<{ now?: number; advanceMs?: number }>({ now: NUMBER, advance_ms: NUMBER });
  router.get('/clock', (_request, response) => void response.json({ now: clock.now() }));
  router.post('/clock', (request, response) => {
    const { now, advanceMs } = readMove(request);
    if (now !== undefined) clock.set(now);
    if (advanceMs !== undefined) clock.advance(advanceMs);
    response.json({ now: clock.now() });
  });
}

function addFaultRoutes(router: Router, { faults, rateLimits }: ControlParts): void {
  const readFault = bodyReader<FaultRule>(FAULT, ['kind']);
  const readRelease = bodyReader<{ id?: string }>({ id: TEXT });
  const readOutage = bodyReader<{ kind: 'reset' | 'unavailable' | null }>(
    { kind: { enum: ['reset', 'unavailable', null] } },
    ['kind'],
  );
  const readLimits = bodyReader<{ globalPerSecond?: number | null; endpointPerSecond?: number | null }>({
    global_per_second: LIMIT,
    endpoint_per_second: LIMIT,
  });
  router.get('/faults', (_request, response) => void response.json(faults.list().map(snakeKeys)));
  router.post(
    '/faults',
    (request, response) => void response.status(201).json(snakeKeys(faults.add(readFault(request)))),
  );
  router.delete('/faults', (_request, response) => {
    faults.clear();
    response.status(204).end();
  });
  router.delete('/faults/:id', (request, response) => {
    response.status(faults.remove(request.params.id) ? 204 : 404).end();
  });
  router.get('/held', async (request, response) => {
    const wanted = Number(queryOf(request)['wait_for'] ?? 0);
    if (wanted > 0) await inTime(faults.waitForHeld(wanted), `${wanted} held calls`);
    response.json(faults.held());
  });
  router.post('/held/release', (request, response) => {
    response.json({ released: faults.release(readRelease(request).id) });
  });
  router.get('/outage', (_request, response) => void response.json({ kind: faults.outage()?.kind ?? null }));
  router.put('/outage', (request, response) => {
    const { kind } = readOutage(request);
    const outage: Outage = kind === null ? null : { kind };
    faults.setOutage(outage);
    response.json({ kind });
  });
  router.get('/rate-limits', (_request, response) => void response.json(snakeKeys(rateLimits.get())));
  router.put('/rate-limits', (request, response) => {
    rateLimits.set(readLimits(request));
    response.json(snakeKeys(rateLimits.get()));
  });
}

function addLedgerRoutes(router: Router, { ledger }: ControlParts): void {
  router.get('/ledger', async (request, response) => {
    const { wait_for: wanted, ...query } = queryOf(request);
    const filter = readFilter(query);
    if (wanted !== undefined) await inTime(ledger.waitFor(filter, Number(wanted)), `${wanted} such calls`);
    response.json(ledger.entries(filter));
  });
  router.get('/ledger/effects', (_request, response) => void response.json(ledger.effects()));
  router.delete('/ledger', (_request, response) => {
    ledger.reset();
    response.status(204).end();
  });
}

function addAccountRoutes(router: Router, { keys, rules, customers }: ControlParts): void {
  const readKey = bodyReader<{ key: string; account: string | null }>(
    { key: TEXT, account: { type: ['string', 'null'] } },
    ['key', 'account'],
  );
  const readDefault = bodyReader<{ account: string }>({ account: TEXT }, ['account']);
  const readRules = bodyReader<Partial<ReturnType<typeof rules.get>>>(RULES);
  router.get('/accounts', (_request, response) => void response.json(keys.list()));
  router.put('/accounts/keys', (request, response) => {
    const { key, account } = readKey(request);
    if (account === null) keys.revokeKey(key);
    else keys.mapKey(key, account);
    response.status(204).end();
  });
  router.put('/accounts/default', (request, response) => {
    keys.setDefault(readDefault(request).account);
    response.json(keys.list());
  });
  router.get('/rules', (_request, response) => void response.json(snakeKeys(rules.get())));
  router.put('/rules', (request, response) => {
    rules.set(readRules(request));
    response.json(snakeKeys(rules.get()));
  });
  router.get('/customers', (request, response) => void response.json(customers(queryOf(request)['account'])));
}

const FILTERS: Record<string, (text: string) => string | number | boolean> = {
  source: String,
  account: String,
  method: String,
  path: String,
  request_id: String,
  idempotency_key: String,
  customer: String,
  status: Number,
  replayed: (text) => text === 'true',
  effect: (text) => text === 'true',
  after: Number,
  key_prefix: String,
};

function readFilter(query: Record<string, string>): LedgerFilter {
  return Object.fromEntries(
    Object.entries(query).map(([name, text]) => {
      const read = FILTERS[name];
      if (!read) throw badControl(`No such filter: ${name}`);
      // An entry's members have the same names in JSON; the filter's own members do not.
      return [name === 'key_prefix' ? camel(name) : name, read(text)];
    }),
  );
}

function answerError(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) return next(error);
  const refused = isRefusal(error) ? error.refusal : null;
  if (refused) return void response.status(refused.status).json({ error: refused.error });
  const status =
    error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
  response.status(status).json({ error: { message: error instanceof Error ? error.message : 'failed' } });
}
