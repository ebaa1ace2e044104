// What every process does besides its work: it reads the settings, opens the log, finishes its work
// in progress when it is stopped, and says why it ends.
//
// Exit status: 0 after a requested stop, 78 for wrong settings, 69 if something that it requires is
// not available now, 1 if a part of it cannot go on. So a supervisor should start it again after
// every status except 0 and 78.
import { escapeUnseen } from '../escape-unseen.ts';
import type { Config } from '../config/config.ts';
import { loadConfigAndCatalogue } from './load-config.ts';
import { createLogger, type Logger } from '../log.ts';
import { exit } from './exit.ts';
import { explain } from './failure.ts';
import { announceReady } from './ready-sign.ts';
import { openTraces } from '../tracing/open.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { listenForStop } from './stopping.ts';

export type Role = 'api' | 'relay' | 'worker';

export type Running = {
  /** For the log: its addresses, and what it is connected to. No secrets. */
  facts: Record<string, unknown>;
  /**
   * Resolves when a part can no longer work. The process then ends: people notice that sooner than
   * a process that runs and does nothing.
   */
  failed: Promise<Error>;
  /** Begins no new work, and finishes the work in progress. */
  stop(): Promise<void>;
};

export type Start = (context: { config: Config; log: Logger; tracing: Tracing }) => Promise<Running>;

/** A supervisor kills a process that has not ended after 10 s. */
const STOP_MS = 9_500;

/** Runs until a signal or a failure, and sets the exit status. */
export async function runProcess(role: Role, start: Start): Promise<void> {
  const stopping = listenForStop();
  let log: Logger | undefined;
  try {
    const config = loadConfigAndCatalogue();
    log = createLogger(config.log).child({ role });
    const traces = await openTraces(config.tracing, log);
    const tracing = traces.of(role);
    const running = await orStop(start({ config, log, tracing }), stopping.requested);
    if (running === 'stopped') return endNow(exit.ok);
    log.info('process.started', { pid: process.pid, ...running.facts });
    announceReady();
    const end = await Promise.race([stopping.requested, running.failed]);
    const failure = end instanceof Error ? explain(end) : null;
    if (failure) log.error('process.failed', { why: failure.message });
    else log.info('process.stopping', { signal: end });
    const status = failure ? exit.failed : exit.ok;
    // A call that hangs must not keep the process alive: its intent is stored, and another worker
    // or the next start finishes it.
    setTimeout(() => endNow(status), STOP_MS).unref();
    await running.stop();
    await traces.close();
    log.info('process.stopped');
    endNow(status);
  } catch (error) {
    const { message, exitCode } = explain(error);
    if (log && exitCode !== exit.settings) log.error('process.cannot_start', { why: message });
    else process.stderr.write(`${escapeUnseen(message, '\n')}\n`);
    endNow(exitCode);
  }
}

/** While a process starts it has no work in progress, so a stop does not wait for the start. */
async function orStop(start: Promise<Running>, requested: Promise<unknown>): Promise<Running | 'stopped'> {
  return await Promise.race([start, requested.then(() => 'stopped' as const)]);
}

/** Ends at once: a socket that is still being closed, or a timer, would keep the process alive. */
function endNow(status: number): void {
  process.exitCode = status;
  process.exit();
}
