/** `make bench`: every measurement as a separate process, one after the other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PARTS = [
  'outbound.ts',
  'first-contact.ts',
  'webhooks.ts',
  'limits.ts',
  'order.ts',
  'reconcile.ts',
  'metrics.ts',
  'catalogue.ts',
  'two-systems.ts',
  'relay-read.ts',
  'idempotent-writes.ts',
  'import.ts',
  'command-line.ts',
  'replay-plan.ts',
  'traces.ts',
  'kafka.ts',
];

for (const part of PARTS) {
  const path = join(import.meta.dirname, part);
  const child = spawn(process.execPath, [path], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) process.exitCode = 1;
}
