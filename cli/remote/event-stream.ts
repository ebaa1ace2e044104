// Reads server-sent events (html.spec.whatwg.org, 9.2), and goes on after the last id when the connection
// is lost.
import { fullJitter } from '../../lib/backoff.ts';
import { sleep } from '../../lib/loop.ts';
import type { ChangedRow, Take } from '../../lib/customers/live-changes.ts';
import { CliError, exit } from '../exit.ts';
import { wrongPosition, type Followed } from '../source.ts';
import { Refused, type ApiClient } from './client.ts';

type StreamEvent = { id: string | undefined; event: string; data: string | undefined };

/** A stream that has begun is taken up again so many times in a row before the command gives up. */
const TRIES = 8;

export async function followStream(
  api: ApiClient,
  after: string | undefined,
  take: Take,
  signal: AbortSignal,
): Promise<Followed> {
  let last = after;
  // Asked anew each time: it changes meanwhile, which the type checker does not see.
  const isStopped = () => signal.aborted;
  for (let failures = 0; !isStopped();) {
    try {
      const ended = await readStream(api, last, signal, async (rows, position) => {
        failures = 0;
        last = position;
        await take({ rows, position });
      });
      if (ended === 'position_expired') return ended;
      if (ended === 'key_ended')
        throw new CliError(exit.settings, 'The key in TWINBOX_API_KEY was revoked, or has expired.');
    } catch (error) {
      if (isStopped()) break;
      // What the first answer refuses, and what only a person can change, ends the command.
      const isAway = error instanceof CliError && error.exitCode === exit.unavailable;
      if (error instanceof CliError && (!isAway || last === undefined)) throw error;
      failures += 1;
      if (failures > TRIES) throw error;
    }
    await sleep(fullJitter(Math.max(1, failures), { baseMs: 250, capMs: 5_000 }), signal);
  }
  return 'aborted';
}

async function readStream(
  api: ApiClient,
  after: string | undefined,
  signal: AbortSignal,
  take: (rows: ChangedRow[], position: string) => Promise<void>,
): Promise<string> {
  const headers = { Accept: 'text/event-stream', ...(after !== undefined && { 'Last-Event-ID': after }) };
  const body = await api.stream('/changes', headers, signal).catch((error: unknown) => {
    const isPosition = error instanceof Refused && error.code === 'invalid_request' && after !== undefined;
    throw isPosition ? wrongPosition() : error;
  });
  let rows: ChangedRow[] = [];
  for await (const { id, event, data } of eventsOf(body)) {
    if (event === 'end') return (JSON.parse(data ?? '{}') as { reason?: string }).reason ?? 'closing';
    if (event === 'change' && data !== undefined) rows.push(JSON.parse(data) as ChangedRow);
    // The rows before an id belong to it.
    if (id === undefined) continue;
    const batch = rows;
    rows = [];
    await take(batch, id);
  }
  return 'lost';
}

async function* eventsOf(body: ReadableStream): AsyncGenerator<StreamEvent> {
  let text = '';
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    text += part;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      yield eventOf(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

function eventOf(text: string): StreamEvent {
  const found: StreamEvent = { id: undefined, event: 'message', data: undefined };
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
    if (name === 'id' || name === 'event' || name === 'data') found[name] = value;
  }
  return found;
}
