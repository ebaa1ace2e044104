/**
 * What `make model` runs: random histories of both sides against the real engine, each decided by
 * its seed. A failed one is shortened as far as possible and printed with its steps. The last lines
 * say how often each rare event has happened.
 *
 *   make model                     2,000 histories from a seed of this moment
 *   SEED=417 make model            that one
 *   SEED=417 COUNT=50 make model   that one and those after it
 *   SYSTEM=toy make model          against another system in place of Stripe
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Counts } from '../support/history.ts';
import { modelSettings } from '../support/model-settings.ts';
import { runSettings } from '../support/run-settings.ts';
import { startTestServer } from '../support/server.ts';
import type { Report } from './part.ts';

const EVERY = 100;

const { seed: first, count } = modelSettings();
const { width, env } = runSettings();
const counts: Counts = {};
const broken: number[] = [];
let next = first;
let done = 0;
let contradicted = false;

const begin = performance.now();
const server = await startTestServer();
try {
  console.log(`${count} histories from seed ${first}`);
  const decisions = runDecisions();
  await Promise.all(Array.from({ length: Math.min(width, count) }, runPart));
  contradicted = !(await decisions);
} finally {
  await server.stop();
}
for (const [what, times] of Object.entries(counts).sort())
  console.log(`${String(times).padStart(8)}  ${what}`);
if (broken.length > 0) console.log(`\nBroken: ${broken.map((seed) => `SEED=${seed}`).join(' ')}`);
console.log(`\n${done} histories from seed ${first} in ${seconds()} s, ${broken.length} broken`);
process.exitCode = broken.length > 0 || done < count || contradicted ? 1 : 0;

/**
 * Besides the histories, 50 decisions of `decide` alone for each; false if one of its sentences
 * fails.
 */
async function runDecisions(): Promise<boolean> {
  const child = fork(new URL('decisions.ts', import.meta.url), [String(50 * count)], { env });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

/** One process takes one history after another until none is left. */
async function runPart(): Promise<void> {
  const child = fork(new URL('part.ts', import.meta.url), {
    env: { ...env, TEST_POSTGRES_URL: server.url },
  });
  const ended = once(child, 'exit');
  await answerOf(child);
  while (next < first + count) {
    const answer = answerOf(child);
    child.send(next++);
    note((await answer) as Report); // a part that is ready sends nothing else
  }
  child.disconnect();
  await ended;
}

/** The next message; throws if the part ends instead. */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const stop = new AbortController();
  try {
    const end = once(child, 'exit', stop).then(([code]) => {
      throw new Error(`a part of the model ended by itself (${String(code)})`);
    });
    const [message] = (await Promise.race([once(child, 'message', stop), end])) as unknown[];
    return message;
  } finally {
    stop.abort();
  }
}

function note({ seed, wrong, counts: more, text }: Report): void {
  done += 1;
  for (const [what, times] of Object.entries(more)) counts[what] = (counts[what] ?? 0) + times;
  if (wrong.length > 0) {
    broken.push(seed);
    console.log(text ?? `SEED=${seed} make model repeats it: ${wrong.join('; ')}`);
  }
  if (done % EVERY === 0) console.log(`${done} of ${count} in ${seconds()} s, ${broken.length} broken`);
}

function seconds(): number {
  return Math.round((performance.now() - begin) / 1000);
}
