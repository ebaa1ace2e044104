/** The Express app: Stripe's paths go to the pipeline, `/_sim` to the control routes. */
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Clock } from '../clock.ts';
import { createControlRoutes } from '../control/control.ts';
import type { ControlParts } from '../control/parts.ts';
import type { Incoming, Pipeline } from './pipeline.ts';

const MAX_BODY = '1mb';

export type AppDeps = { pipeline: Pipeline; clock: Clock; parts: ControlParts };

export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use((_request, response, next) => {
    // Every answer has the simulator's time: clients that compare clocks must see the moved clock.
    response.sendDate = false;
    response.setHeader('Date', new Date(deps.clock.now()).toUTCString());
    next();
  });
  app.use('/_sim', createControlRoutes(deps.parts));
  app.use(express.text({ type: () => true, limit: MAX_BODY, defaultCharset: 'utf-8' }));
  app.use(async (request, response) => {
    const answer = await deps.pipeline.serve(toIncoming(request, response));
    if (answer === null || response.destroyed) return void response.socket?.destroy();
    response.writeHead(answer.status, {
      ...answer.headers,
      'content-length': Buffer.byteLength(answer.body),
    });
    response.end(answer.body);
  });
  app.use(refuseUnreadable);
  return app;
}

function toIncoming(request: Request, response: Response): Incoming {
  const ownerTag = request.originalUrl.indexOf('?');
  const body: unknown = request.body;
  return {
    method: request.method,
    path: ownerTag === -1 ? request.originalUrl : request.originalUrl.slice(0, ownerTag),
    query: ownerTag === -1 ? '' : request.originalUrl.slice(ownerTag + 1),
    body: typeof body === 'string' ? body : '',
    header: (name) => request.get(name),
    isGone: () => response.destroyed,
    hangUp: () => void response.socket?.destroy(),
  };
}

/** A body that could not be read: too large, cut off, in an unknown encoding. */
function refuseUnreadable(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent || response.destroyed) return next(error); // Express then cuts the connection
  const status =
    error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
  const message =
    status === 500 ? 'The simulator itself failed.' : 'Invalid request: its body cannot be read.';
  response
    .status(status)
    .json({ error: { message, type: status === 500 ? 'api_error' : 'invalid_request_error' } });
}
