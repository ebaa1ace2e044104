// What bench/kafka.ts and its parts share, and how a part is started.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { readHeapFlags } from '../lib/process/heap.ts';
import type { HeaderStyle } from '../lib/events/envelope.ts';

export type PartTask = {
  part: 'produce' | 'relay' | 'follow' | 'read' | 'receive';
  bootstrap: string;
  databaseUrl?: string;
  topic: string;
  partitions: number;
  headers: HeaderStyle;
  page: number;
  count: number;
  /** How many events are sent before the clock starts. */
  warmUp: number;
};

export type PartFigures = { count: number; seconds: number; cpuSeconds: number; rssMb: number };

export const KEYS = 1_000;

/** Makes the whole value 1 KiB long. */
const NOTE = 'x'.repeat(680);

export function payloadOf(n: number): string {
  return JSON.stringify({
    customer_data: { id: n, name: 'Ada Lovelace', email: `ada${n}@example.com`, note: NOTE },
    external_mappings: { stripe: `cus_${n}` },
  });
}

export type RunningPart = {
  figures: Promise<PartFigures>;
  /** Asks a part that follows to end. */
  end(): void;
};

export function startPart(task: PartTask): RunningPart {
  // As our own processes are started: with the limits of memory, and with the cache of compiled TypeScript.
  const flags = readHeapFlags(task.part === 'relay' || task.part === 'follow' ? 'relay' : 'common');
  const args = [...flags, join(import.meta.dirname, 'kafka-part.ts'), JSON.stringify(task)];
  const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env };
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  return {
    figures: text(child.stdout).then((line) => JSON.parse(line) as PartFigures),
    end: () => void child.stdin.end(),
  };
}
