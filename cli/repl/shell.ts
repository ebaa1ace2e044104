// node:repl around names of ours. On a terminal a person types; otherwise statements come from
// standard input, each waits for the one before it, also where that awaits something, and a
// statement that fails makes the exit status 1.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Recoverable, start, type REPLServer } from 'node:repl';
import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { escapeUnseen } from '../../lib/escape-unseen.ts';
import { exit } from '../exit.ts';
import type { Output } from '../output.ts';

export type ShellOptions = {
  /** What statements find by name; none of it can be overwritten. */
  names: Record<string, unknown>;
  historyFile: string;
  output: Output;
  /** Ends the session early. */
  signal: AbortSignal;
};

export async function runShell(options: ShellOptions): Promise<number> {
  return process.stdin.isTTY ? await talk(options) : await readStatements(options);
}

async function talk({ names, historyFile, output, signal }: ShellOptions): Promise<number> {
  const server = startServer(names, {
    prompt: 'twinbox> ',
    terminal: true,
    // Ctrl-C gives up a statement that waits.
    breakEvalOnSigint: true,
  });
  server.setupHistory(historyFile, (error) => {
    if (error) output.say(`The history cannot be kept in ${historyFile}: ${error.message}`);
  });
  await closed(server, signal);
  return exit.ok;
}

async function readStatements({ names, output, signal }: ShellOptions): Promise<number> {
  const input = new PassThrough();
  const server = startServer(names, { prompt: '', terminal: false, input });
  const end = closed(server, signal);
  const state = watch(server);
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
  void end.then(() => lines.close());
  for await (const line of lines) {
    const prompted = state.prompted();
    input.write(`${line}\n`);
    await Promise.race([prompted, end]);
  }
  if (state.unfinished) output.say('The input ended within a statement.');
  server.close();
  await end;
  return state.failed || state.unfinished ? exit.failed : exit.ok;
}

type ServerOptions = {
  prompt: string;
  terminal: boolean;
  input?: PassThrough;
  breakEvalOnSigint?: boolean;
};

function startServer(names: Record<string, unknown>, options: ServerOptions): REPLServer {
  const server = start({
    ...{ input: process.stdin, output: process.stdout, ...options },
    // One realm, as in `node` itself: a Date that is typed is one to the driver of the database.
    useGlobal: true,
    preview: false,
    // Anyone can write names and emails, so they must not move the cursor.
    writer: (value: unknown) => escapeUnseen(inspect(value, { depth: 5, breakLength: 100 }), '\n'),
  });
  for (const [name, value] of Object.entries(names))
    Object.defineProperty(server.context, name, { value, enumerable: true });
  return server;
}

/**
 * Sees each statement end: the server then shows its prompt, which has no reader without a
 * terminal.
 */
function watch(server: REPLServer) {
  const state = { failed: false, unfinished: false, prompted };
  let show = (): void => undefined;
  function prompted(): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    // `_error` is where node:repl keeps the last error; some errors pass by every callback.
    const before = server.context['_error'] as unknown;
    show = () => {
      state.failed ||= server.context['_error'] !== before;
      resolve(undefined);
    };
    return promise;
  }
  const evaluate = server.eval;
  const watched: typeof evaluate = function (this: REPLServer, code, context, file, done) {
    evaluate.call(this, code, context, file, (error, result) => {
      state.unfinished = error instanceof Recoverable;
      done(error, result);
    });
  };
  Object.assign(server, { eval: watched, displayPrompt: () => show() });
  return state;
}

async function closed(server: REPLServer, signal: AbortSignal): Promise<void> {
  const end = once(server, 'exit');
  const close = (): void => server.close();
  signal.addEventListener('abort', close);
  if (signal.aborted) close();
  await end;
  signal.removeEventListener('abort', close);
}
