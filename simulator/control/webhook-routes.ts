/** Control routes for deliveries: forced behaviour, hold and release, secrets, resends. */
import type { Router } from 'express';
import type { ControlParts } from './parts.ts';
import { bodyReader, COUNT, inTime, queryOf, snakeKeys, SWITCH, TEXT, WEBHOOK_OPTIONS } from './body.ts';
import type { WebhookOptions } from '../webhooks/webhooks.ts';

export function addWebhookRoutes(router: Router, { webhooks, keys }: ControlParts): void {
  const readOptions = bodyReader<Partial<WebhookOptions>>(WEBHOOK_OPTIONS);
  const readRelease = bodyReader<{ events?: string[] }>({ events: { type: 'array', items: TEXT } });
  const readResend = bodyReader<{ event: string; endpoint?: string; account?: string }>(
    { event: TEXT, endpoint: TEXT, account: TEXT },
    ['event'],
  );
  const readSend = bodyReader<{ endpoint: string; body: string; account?: string }>(
    { endpoint: TEXT, body: TEXT, account: TEXT },
    ['endpoint', 'body'],
  );
  const readRoll = bodyReader<{ keepOldMs?: number }>({ keep_old_ms: COUNT });
  const readThin = bodyReader<{ thin: boolean }>({ thin: SWITCH }, ['thin']);

  router.get('/webhooks', (_request, response) => {
    response.json({ ...snakeKeys(webhooks.get()), pending: webhooks.pending(), held: webhooks.held() });
  });
  router.put('/webhooks', (request, response) => {
    webhooks.set(readOptions(request));
    response.json(snakeKeys(webhooks.get()));
  });
  router.post('/webhooks/release', async (request, response) => {
    response.json(await webhooks.release(readRelease(request).events));
  });
  router.post('/webhooks/resend', (request, response) => {
    const { event, endpoint, account } = readResend(request);
    response.json({ deliveries: webhooks.resend(account ?? keys.defaultAccount(), event, endpoint) });
  });
  router.post('/webhooks/send', async (request, response) => {
    const { endpoint, body, account } = readSend(request);
    response.json(await webhooks.sendRaw(account ?? keys.defaultAccount(), endpoint, body));
  });
  router.get('/webhooks/attempts', (_request, response) => void response.json(webhooks.attempts()));
  router.get('/webhooks/idle', async (request, response) => {
    const wanted = queryOf(request)['timeout_ms'];
    await inTime(webhooks.idle(), 'the last delivery', wanted === undefined ? undefined : Number(wanted));
    response.json({ pending: webhooks.pending() });
  });
  router.post('/webhooks/endpoints/:id/roll', (request, response) => {
    response.json({ secret: webhooks.rollSecret(request.params.id, readRoll(request).keepOldMs) });
  });
  router.put('/webhooks/endpoints/:id', (request, response) => {
    webhooks.setThin(request.params.id, readThin(request).thin);
    response.status(204).end();
  });
}
