// Relays as processes, and what they delivered.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';

export type RelayProcess = {
  /** The fences under which it has been active so far. */
  fences: number[];
  signal(name: NodeJS.Signals): void;
  exited: Promise<void>;
};

export function startRelayProcess(
  url: string,
  file: string,
  { pageSize, leaseMs, failpoints = '' }: { pageSize: number; leaseMs: number; failpoints?: string },
): RelayProcess {
  const script = new URL('./child.ts', import.meta.url).pathname;
  const child: ChildProcess = spawn(
    process.execPath,
    [script, url, file, String(pageSize), String(leaseMs), failpoints],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const fences: number[] = [];
  if (child.stdout === null) throw new Error('the relay process did not start');
  createInterface(child.stdout).on('line', (line) => fences.push(Number(line.slice('active '.length))));
  return {
    fences,
    signal: (name) => void child.kill(name),
    exited: once(child, 'exit').then(() => undefined),
  };
}

export type Arrival = { fence: number; id: number; key: string; version: number };

/** Follows the file that the relay processes append to. */
export function followArrivals(file: string) {
  const all: Arrival[] = [];
  const distinct = new Set<number>();
  let position = 0;

  return {
    all,
    /** Reads the new lines of the file; whole lines only, since the last one may be incomplete. */
    read(): { arrivals: number; events: number } {
      const bytes = readFrom(file, position);
      const end = bytes.lastIndexOf('\n') + 1;
      position += end;
      for (const line of bytes.toString('utf8', 0, end).split('\n').slice(0, -1)) {
        const [fence, id, key = '', version] = line.split(' ');
        all.push({ fence: Number(fence), id: Number(id), key, version: Number(version) });
        distinct.add(Number(id));
      }
      return { arrivals: all.length, events: distinct.size };
    },
  };
}

function readFrom(file: string, position: number): Buffer {
  const handle = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(handle).size - position));
    return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, position));
  } finally {
    closeSync(handle);
  }
}
