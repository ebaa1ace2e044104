// The body of /ready: every part that runs in a process, asked at once.
import type { Part } from './readiness.ts';

/** A function per part that runs here, by the part's name. A role that does not run here is just absent. */
export type Readiness = Record<string, () => Promise<Part>>;

export type ReadinessReport = { ready: boolean; body: Record<string, unknown> };

/** Never rejects and never hangs: a part that fails, or takes longer than `limitMs`, is not ready. */
export async function reportReadiness(readiness: Readiness, limitMs: number): Promise<ReadinessReport> {
  const names = Object.keys(readiness);
  const parts = await Promise.all(Object.values(readiness).map((ask) => askPart(ask, limitMs)));
  const notReady = parts.flatMap(({ ready, problem }, at) =>
    ready ? [] : [{ part: names[at], problem: problem ?? 'is not ready' }],
  );
  const ready = notReady.length === 0;
  return {
    ready,
    body: {
      status: ready ? 'ready' : 'not_ready',
      not_ready: notReady,
      warnings: parts.flatMap(({ warnings }) => warnings ?? []),
      ...parts.reduce((all, { figures }) => ({ ...all, ...figures }), {}),
    },
  };
}

async function askPart(ask: () => Promise<Part>, limitMs: number): Promise<Part> {
  const { promise: tooLate, resolve } = Promise.withResolvers<Part>();
  const timer = setTimeout(
    () => resolve({ ready: false, problem: `did not answer within ${limitMs / 1000} s` }),
    limitMs,
  );
  try {
    return await Promise.race([ask(), tooLate]);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { ready: false, problem: `could not be asked${code}` };
  } finally {
    clearTimeout(timer);
  }
}
