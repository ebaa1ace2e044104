// The process that the demo starts, kills and starts again: the same system as `twinbox up`. It
// prints its addresses as one line of JSON, and stops when its input ends, so that it never runs
// longer than the demo.
import { createLogger } from '../../lib/log.ts';
import { startSystem } from '../embedded/system.ts';
import { explain } from '../failure.ts';
import { listenForStop } from '../../lib/process/stopping.ts';
import { demoConfig } from './settings.ts';

export type Announcement = { api: string; simulator: string | null } | { failed: string; exitCode: number };

const [folder = '', useSettings] = process.argv.slice(2);
const say = (announcement: Announcement): void =>
  void process.stdout.write(`${JSON.stringify(announcement)}\n`);
const stopping = listenForStop();
try {
  const config = demoConfig(folder, useSettings === 'use-settings');
  const system = await startSystem({
    config,
    log: createLogger(config.log),
    ports: { api: 0, simulator: 0 },
  });
  say({ api: system.url, simulator: system.simulatorUrl });
  const orphaned = new Promise<void>((resolve) => process.stdin.on('end', resolve).resume());
  const end = await Promise.race([stopping.requested, system.failed, orphaned]);
  await system.stop();
  if (end instanceof Error) throw end;
} catch (error) {
  const { message, exitCode } = explain(error);
  say({ failed: message, exitCode });
  process.exitCode = exitCode;
} finally {
  stopping.dispose();
  process.stdin.destroy();
}
