// What bench/suite/worker-receive.ts and its parts share, and how a part is started.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { environmentWith } from '../../test/support/environment.ts';

export type PartTask = {
  /** `read`: kafkajs alone; `receive`: a worker's receiving, into PostgreSQL. */
  part: 'read' | 'receive';
  bootstrap: string;
  databaseUrl: string;
  topic: string;
  /** The group that reads: a new one reads the whole topic. */
  group: string;
  /** How many events are handled before the clock starts, and how many while it runs. */
  warmUp: number;
  count: number;
};

export type PartFigures = { perSecond: number; cpuSeconds: number; rssMb: number };

/** As our own processes are started (cli/bin.mjs), so that processor time and memory are the worker's alone. */
export async function runPart(task: PartTask): Promise<PartFigures> {
  const flags = ['--max-semi-space-size=4', '--max-old-space-size=1024'];
  const args = [...flags, join(import.meta.dirname, 'receive-part.ts'), JSON.stringify(task)];
  const env = environmentWith({ NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') });
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(await text(child.stdout)) as PartFigures;
}
