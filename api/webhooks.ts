// Webhooks of external systems: the signature over the raw bytes is verified, the event is stored,
// and only then the API answers 2xx. Where a system signs nothing, an ingest key of the system proves
// who sends. The handler does no other work; a worker reads the record.
//
// A body may have many events: all are stored in one transaction, each once; one of them that cannot be
// read is refused with a row, and the others are stored.
//
// 400 without a row: the body is not signed by a secret of ours, or is not an event; it is counted,
// and the count is stored every few seconds. 2xx and a row in inbound_refusals: a real event that
// is not for this database. 503: the event would be lost otherwise (no secret is set, no account is
// bound yet, no database), and the system sends it again.
import { Router, type Request, type RequestHandler } from 'express';
import type { Clock } from '../lib/clock.ts';
import { settingOf } from '../lib/config/systems.ts';
import type { IncomingItem, Ingress, WebhookCheck } from '../lib/integrations/integration.ts';
import type { InboxDeps, Taken } from '../lib/intake/inbound.ts';
import { createInbox, type Inbox } from '../lib/intake/inbox.ts';
import { causesOf } from '../lib/intake/causes.ts';
import type { WebhookTally } from '../lib/health/webhook-tally.ts';
import type { Measures } from '../lib/measures.ts';
import { readBytes } from './body.ts';
import { demandSystem } from './callers.ts';
import { answerWithin } from './deadline.ts';
import { Problem } from './problems.ts';
import { linkLater, traceOf } from './requests.ts';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

export interface WebhookSource {
  /** The last part of the path: /webhooks/stripe. */
  system: string;
  ingress: Ingress;
  /** Several while a secret is being replaced; without any, no webhook can be received. */
  secrets: string[];
  inbox: InboxDeps;
  /** Counts what is accepted and refused, for status and /ready. */
  tally?: WebhookTally;
  measures?: Measures | undefined;
}

/** What metrics say of a verdict about an event. */
const RESULTS: Record<Taken, string> = {
  stored: 'accepted',
  known: 'duplicate',
  unbound: 'unbound',
  other_account: 'foreign',
  other_livemode: 'foreign',
  other_environment: 'foreign',
  too_old: 'too_old',
  unreadable: 'unreadable',
  unstorable: 'unstorable',
};

/** … and of a refused signature; every other one is forged, or signed by another secret. */
const REFUSED: Record<string, string> = {
  too_old: 'stale',
  missing: 'unsigned',
  malformed: 'unsigned',
  no_signature: 'unsigned',
};

/** Far above the size of the events of one body; a forged body must not use more memory. */
const BODY_LIMIT = 1_000_000;

export function webhookRoutes(
  sources: WebhookSource[],
  { clock, deadlineMs, requireKey }: { clock: Clock; deadlineMs: number; requireKey: RequestHandler },
): Router {
  const router = Router({ caseSensitive: true });
  for (const source of sources) {
    const path = `/webhooks/${source.system}`;
    const { verify } = source.ingress;
    const inbox = createInbox(source.inbox);
    if (verify === null) router.use(path, requireKey);
    declareRoute(router, path, {
      post: [
        verify === null ? 'ingest' : 'signed',
        (req, _res, next) => {
          if (verify === null) demandSystem(req, source.system);
          next();
        },
        readBytes(BODY_LIMIT),
        answerWithin(deadlineMs),
        async (req, res) => {
          const body: unknown = req.body;
          const rawBody = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
          if (verify === null) source.tally?.taken();
          else
            demandSignature(
              { ...source, verify },
              { rawBody, method: req.method, path: req.originalUrl, headers: req.headers },
              clock,
            );
          const items = source.ingress.events(parse(rawBody));
          const bad = items.find((item) => !item.ok);
          if (items.length > 0 && !items.some(({ ok }) => ok))
            throw new Problem(
              'invalid_event',
              `The body is not an event: ${bad?.why ?? 'nothing in it can be read'}.`,
            );
          const taken = await takeFrom(req, source, inbox, items);
          for (const one of taken) source.measures?.webhook(source.system, RESULTS[one]);
          if (taken.includes('unbound')) {
            throw new Problem(
              'account_unbound',
              `It is not known yet which ${source.system} account this database belongs to.`,
              { headers: { 'Retry-After': '5' } },
            );
          }
          const [outcome = 'none'] = taken;
          sendJson(
            res,
            200,
            taken.length > 1
              ? { received: true, outcome: 'several', outcomes: taken }
              : { received: true, outcome },
          );
        },
      ],
    });
  }
  return router;
}

/** The event has the trace of the request; its span is linked to the requests of ours behind it. */
function takeFrom(
  req: Request,
  { inbox: { db } }: WebhookSource,
  inbox: Inbox,
  items: readonly IncomingItem[],
): Promise<Taken[]> {
  linkLater(req, () => causesOf(db, items));
  return inbox(items, traceOf(req));
}

function demandSignature(
  source: WebhookSource & { verify: NonNullable<Ingress['verify']> },
  request: Pick<WebhookCheck, 'rawBody' | 'method' | 'path' | 'headers'>,
  clock: Clock,
): void {
  const { ingress, secrets, system, tally, measures, verify } = source;
  const { toleranceS } = ingress;
  const now = clock.now();
  const verdict = verify({ ...request, secrets, now, toleranceS });
  if (verdict.ok) {
    measures?.webhookSkew(system, (now.getTime() - verdict.signedAt.getTime()) / 1000);
    return tally?.taken();
  }
  if (verdict.code === 'no_secret') {
    throw new Problem(
      'webhooks_not_configured',
      `No signing secret is set for ${system}: set ${settingOf(system, 'WEBHOOK_SECRET')} to the secret of the endpoint.`,
    );
  }
  tally?.refused(verdict.code);
  measures?.webhook(system, REFUSED[verdict.code] ?? 'forged');
  throw new Problem('invalid_signature', verdict.message, { members: { reason: verdict.code } });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new Problem('malformed_json', 'The body is not JSON in UTF-8.', { cause });
  }
}
