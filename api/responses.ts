// Answers are written by this file and not by Express: Express's `send` answers 304 for a matching
// If-None-Match, and a 304 would hide a change that raises no version (a customer's external
// mappings).

import type { Response } from 'express';
import { problemDocument, type Problem } from './problems.ts';

export function sendJson(res: Response, status: number, body: unknown, type = 'application/json'): void {
  sendText(res, status, JSON.stringify(body), type);
}

/** Sends a text that is JSON. */
export function sendText(res: Response, status: number, json: string, type = 'application/json'): void {
  // The deadline may have answered first (api/deadline.ts).
  if (res.headersSent) return;
  res.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(json),
  });
  // A text goes out with the headers in one piece, bytes would be a second one.
  res.end(json);
}

/** Of an answer that is about to be sent. */
export function setHeader(res: Response, name: string, value: string): void {
  // The deadline may have answered first: the answer below is then left out as well.
  if (!res.headersSent) res.setHeader(name, value);
}

export function sendNothing(res: Response): void {
  if (res.headersSent) return;
  res.writeHead(204);
  res.end();
}

export function sendProblem(res: Response, problem: Problem): void {
  if (res.headersSent) return;
  for (const [name, value] of Object.entries(problem.headers)) res.setHeader(name, value);
  sendJson(res, problem.status, problemDocument(problem, requestIdOf(res)), 'application/problem+json');
}

/**
 * The id of this request in the log and in its event; it is set on the response before all else.
 */
export function requestIdOf(res: Response): string {
  return String(res.getHeader('X-Request-Id') ?? '');
}
