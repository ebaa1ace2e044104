// /health: is this process alive? Asks nothing of anybody, so that an outage elsewhere never gets it killed.
// /ready: can it do its work, and how far behind is each part that runs in it?

import { Router } from 'express';
import { sendJson } from './responses.ts';
import { declareRoute } from './routing.ts';

/** What one part says of itself; its figures stand beside the others' in the answer. */
export type PartReadiness = {
  ready: boolean;
  /** If it is not ready: what is wrong and how to mend it. */
  problem?: string;
  figures?: Record<string, unknown>;
  /** What works now and will not for long. */
  warnings?: string[];
};

/** A function per part that runs here, by the part's name. A role that does not run here is just absent. */
export type Readiness = Record<string, () => Promise<PartReadiness>>;

/** `limitMs` is how long a part may take to answer. */
export function healthRoutes(readiness: Readiness, limitMs: number): Router {
  const router = Router({ caseSensitive: true });
  declareRoute(router, '/health', {
    get: [(_req, res) => sendJson(res, 200, { status: 'healthy' })],
  });
  declareRoute(router, '/ready', {
    get: [
      async (_req, res) => {
        const names = Object.keys(readiness);
        const parts = await Promise.all(Object.values(readiness).map((ask) => askPart(ask, limitMs)));
        const notReady = parts.flatMap(({ ready, problem }, at) =>
          ready ? [] : [{ part: names[at], problem: problem ?? 'is not ready' }],
        );
        sendJson(res, notReady.length === 0 ? 200 : 503, {
          status: notReady.length === 0 ? 'ready' : 'not_ready',
          not_ready: notReady,
          warnings: parts.flatMap(({ warnings }) => warnings ?? []),
          ...Object.assign({}, ...parts.map(({ figures }) => figures)),
        });
      },
    ],
  });
  return router;
}

/** Never rejects and never hangs: a part that fails or does not answer is not ready. */
async function askPart(ask: () => Promise<PartReadiness>, limitMs: number): Promise<PartReadiness> {
  const { promise: tooLate, resolve } = Promise.withResolvers<PartReadiness>();
  const timer = setTimeout(
    () => resolve({ ready: false, problem: `did not answer within ${limitMs / 1000} s` }),
    limitMs,
  );
  try {
    return await Promise.race([ask(), tooLate]);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { ready: false, problem: `could not be asked${code}` };
  } finally {
    clearTimeout(timer);
  }
}
