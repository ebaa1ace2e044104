// What every process does around its work: settings, log, a stop that finishes what is in hand, and
// an end that says why.
//
// Exit status: 0 after a stop that was asked for, 78 for wrong settings, 69 for what is not to be
// had now, 1 for a part that cannot go on. So a supervisor that starts it again after anything but
// 0 and 78 does the right thing.
import { escapeUnseen } from '../escape-unseen.ts';
import { loadConfig, type Config } from '../config/config.ts';
import { createLogger, type Logger } from '../log.ts';
import { exit } from './exit.ts';
import { explain } from './failure.ts';
import { tellReady } from './ready-sign.ts';
import { listenForStop } from './stopping.ts';

export type Role = 'api' | 'relay' | 'worker';

export type Running = {
  /** For the log: where it answers, what it is connected to. No secrets. */
  facts: Record<string, unknown>;
  /** Resolves when a part can no longer work: better an end that is seen than a process that idles. */
  failed: Promise<Error>;
  /** Takes nothing new, finishes what is in hand. */
  stop(): Promise<void>;
};

export type Start = (context: { config: Config; log: Logger }) => Promise<Running>;

/** A supervisor waits 10 s before it kills. */
const STOP_MS = 9_500;

/** Runs until a signal or a failure, and sets the exit status. */
export async function runProcess(role: Role, start: Start): Promise<void> {
  const stopping = listenForStop();
  let log: Logger | undefined;
  try {
    const config = loadConfig();
    log = createLogger(config.log).child({ role });
    const running = await orStop(start({ config, log }), stopping.requested);
    if (running === 'stopped') return endNow(exit.ok);
    log.info('process.started', { pid: process.pid, ...running.facts });
    tellReady();
    const end = await Promise.race([stopping.requested, running.failed]);
    const failure = end instanceof Error ? explain(end) : null;
    if (failure) log.error('process.failed', { why: failure.message });
    else log.info('process.stopping', { signal: end });
    const status = failure ? exit.failed : exit.ok;
    // A call that hangs must not hold the process: what it was about is stored, and whoever comes
    // next finishes it.
    setTimeout(() => endNow(status), STOP_MS).unref();
    await running.stop();
    log.info('process.stopped');
    endNow(status);
  } catch (error) {
    const { message, exitCode } = explain(error);
    if (log && exitCode !== exit.settings) log.error('process.cannot_start', { why: message });
    else process.stderr.write(`${escapeUnseen(message, '\n')}\n`);
    endNow(exitCode);
  }
}

/** Nothing is in hand yet while it starts, so a stop need not wait for what it waits for. */
async function orStop(start: Promise<Running>, requested: Promise<unknown>): Promise<Running | 'stopped'> {
  return await Promise.race([start, requested.then(() => 'stopped' as const)]);
}

/** What was only being put away, such as a socket or a timer, would hold the process. */
function endNow(status: number): void {
  process.exitCode = status;
  process.exit();
}
