/** The simulator as a separate process: settings, build, run, stop. */
import { FolderUnusableError } from './store/folder.ts';
import { NotListeningError } from './http/listener.ts';
import { FolderInUseError } from './store/lock.ts';
import { readSettings, type Settings } from './settings.ts';
import { createSimulator, type Simulator } from './simulator.ts';

try {
  await run(readSettings());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = isUnavailable(error) ? 69 : 1;
}

async function run(settings: Settings): Promise<void> {
  const { webhook } = settings;
  const simulator = createSimulator({
    host: settings.host,
    // A person who sets an address for webhooks wants them to be sent to it.
    rules: { remoteWebhooks: webhook !== null },
    ...(settings.dataDir === null ? {} : { dataDir: settings.dataDir }),
    ...(settings.accountId === null ? {} : { accountId: settings.accountId }),
    rateLimits: { globalPerSecond: settings.globalPerSecond, endpointPerSecond: settings.endpointPerSecond },
    onBug: (error) => process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`),
  });
  stopOn(['SIGINT', 'SIGTERM'], simulator);
  try {
    if (webhook) simulator.webhooks.ensure(webhook);
    const { url } = await simulator.listen(settings.port);
    process.stdout.write(`The Stripe simulator listens on ${url}\n`);
  } catch (error) {
    await simulator.close(); // releases the data folder
    throw error;
  }
}

/** A port or a folder that cannot be used now; the exit status follows docs/cli.md. */
function isUnavailable(error: unknown): boolean {
  const expected = [FolderInUseError, FolderUnusableError, NotListeningError];
  return expected.some((kind) => error instanceof kind);
}

/** The first signal closes in order, the second ends at once. */
function stopOn(signals: NodeJS.Signals[], simulator: Simulator): void {
  let stopping = false;
  for (const signal of signals) {
    process.on(signal, () => {
      if (stopping) process.exit(130);
      stopping = true;
      void simulator.close().then(() => process.exit(0));
    });
  }
}
