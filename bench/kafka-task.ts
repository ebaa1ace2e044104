// What bench/kafka.ts and its parts share, and how a part is started.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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
  // The flags with which our own processes are started (cli/bin.mjs).
  const flags = ['--max-semi-space-size=4'];
  const args = [...flags, join(import.meta.dirname, 'kafka-part.ts'), JSON.stringify(task)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  return {
    figures: text(child.stdout).then((line) => JSON.parse(line) as PartFigures),
    end: () => void child.stdin.end(),
  };
}
