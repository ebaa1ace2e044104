// The body of /ready: every role and part that runs in a process, asked at the same time.
import type { Part } from './readiness.ts';

/** A function for each part that runs in this process, by its name. Other parts are left out. */
export type Readiness = Record<string, () => Promise<Part>>;

export type ReadinessReport = { ready: boolean; body: Record<string, unknown> };

/**
 * Never rejects and never hangs: a part that fails, or takes longer than `limitMs`, is not ready.
 * With `gates`, only those parts decide, and a problem of another part is a warning: a load
 * balancer must not take out a process for a part that it does not need.
 */
export async function reportReadiness(
  readiness: Readiness,
  { limitMs, gates }: { limitMs: number; gates?: readonly string[] },
): Promise<ReadinessReport> {
  const asked = await Promise.all(
    Object.entries(readiness).map(async ([name, ask]) => ({ name, part: await askPart(ask, limitMs) })),
  );
  const isGate = (name: string): boolean => gates === undefined || gates.includes(name);
  const wrong = asked.filter(({ part }) => !part.ready);
  const notReady = wrong
    .filter(({ name }) => isGate(name))
    .map(({ name, part }) => ({ part: name, problem: sayOf(part) }));
  const ready = notReady.length === 0;
  // Without the database every other part fails too, and has no answer of its own to report.
  const beside = wrong.filter(({ name, part }) => !isGate(name) && (ready || !part.unasked));
  const parts = asked.map(({ part }) => part);
  return {
    ready,
    body: {
      status: ready ? 'ready' : 'not_ready',
      not_ready: notReady,
      warnings: [
        ...beside.map(({ name, part }) => `${name}: ${sayOf(part)}`),
        ...parts.flatMap(({ warnings }) => warnings ?? []),
      ],
      ...parts.reduce((all, { figures }) => ({ ...all, ...figures }), {}),
    },
  };
}

/** `unasked`: the part gave no answer, because it failed or hung. */
type Asked = Part & { unasked?: boolean };

function sayOf({ problem }: Part): string {
  return problem ?? 'is not ready';
}

async function askPart(ask: () => Promise<Part>, limitMs: number): Promise<Asked> {
  const { promise: tooLate, resolve } = Promise.withResolvers<Asked>();
  const timer = setTimeout(
    () => resolve({ ready: false, unasked: true, problem: `did not answer within ${limitMs / 1000} s` }),
    limitMs,
  );
  try {
    return await Promise.race([ask(), tooLate]);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { ready: false, unasked: true, problem: `could not be asked${code}` };
  } finally {
    clearTimeout(timer);
  }
}
