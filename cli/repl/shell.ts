// A prompt by node:repl with variables of Twinbox. On a terminal a person types statements.
// Otherwise the statements come from standard input: each begins after the end of the one before
// it, also if that one awaits something, and a statement that fails makes the exit status 1.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Recoverable, start, type REPLServer } from 'node:repl';
import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { escapeUnseen } from '../../lib/escape-unseen.ts';
import { exit } from '../exit.ts';
import type { Output } from '../output.ts';

export type ShellOptions = {
  /** The variables that statements can use; statements cannot overwrite them. */
  names: Record<string, unknown>;
  historyFile: string;
  output: Output;
  /** Ends the session early. */
  signal: AbortSignal;
};

export async function runShell(options: ShellOptions): Promise<number> {
  return process.stdin.isTTY ? await runInteractive(options) : await readStatements(options);
}

async function runInteractive({ names, historyFile, output, signal }: ShellOptions): Promise<number> {
  const server = startServer(names, {
    prompt: 'twinbox> ',
    terminal: true,
    // Ctrl-C ends a statement that waits.
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
    // One realm, as in `node` itself, so that the database driver accepts a Date that a person
    // types.
    useGlobal: true,
    preview: false,
    // Anyone can write names and emails, so they must not move the cursor.
    writer: (value: unknown) => escapeUnseen(inspect(value, { depth: 5, breakLength: 100 }), '\n'),
  });
  for (const [name, value] of Object.entries(names))
    Object.defineProperty(server.context, name, { value, enumerable: true });
  return server;
}

/** Notices the end of each statement: the server then shows its prompt. */
function watch(server: REPLServer) {
  const state = { failed: false, unfinished: false, prompted };
  let show = (): void => undefined;
  function prompted(): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    // node:repl stores the last error in `_error`; some errors reach no callback.
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
