import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export type Finished = { code: number | null; stdout: string; stderr: string };

/** Gives a program its input and waits for its end. */
export async function finish(child: ChildProcess, input = ''): Promise<Finished> {
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  child.stdin?.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout(), stderr: stderr() };
}

/** The output of a stream so far. */
export function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}
