import { expect } from 'chai';
import { runLoop, waitUntil, type Step } from '../../lib/loop.ts';
import { createSignal } from '../support/signal.ts';

const NEVER = 3_600_000;

function start(step: Step, options: Partial<Parameters<typeof runLoop>[1]> = {}) {
  const controller = new AbortController();
  const errors: [unknown, number][] = [];
  const loop = runLoop(step, {
    idleMs: NEVER,
    busyMs: NEVER,
    backoffMs: () => 0,
    onError: (error, failures) => errors.push([error, failures]),
    signal: controller.signal,
    ...options,
  });
  return { ...loop, errors, stop: () => controller.abort() };
}

describe('runLoop', () => {
  it('runs without a rest while there is work, and rests when there is none', async () => {
    const idle = createSignal();
    const counts = [3, 2, 1];
    let rounds = 0;
    const loop = start(async () => {
      rounds += 1;
      const count = counts.shift() ?? 0;
      if (count === 0) idle.fire();
      return count;
    });
    await idle.promise;
    loop.stop();
    await loop.done;
    expect(rounds).to.equal(4);
  });

  it('gathers: it begins a round no sooner after one that did something, even if it is woken', async () => {
    const begun: number[] = [];
    const third = createSignal();
    const counts: number[] = [];
    const loop = start(
      async () => {
        begun.push(performance.now());
        loop.wake();
        if (begun.length === 3) third.fire();
        return begun.length < 3 ? begun.length : 0;
      },
      { gatherMs: (count) => (counts.push(count) === 1 ? 20 : 0) },
    );
    await third.promise;
    loop.stop();
    await loop.done;
    expect(counts).to.deep.equal([1, 2]);
    const [first = 0, second = 0] = begun;
    // A timer may be a millisecond early.
    expect(second - first).to.be.at.least(18);
  });

  it('ends a rest in which it gathers when it is stopped', async () => {
    const begun = createSignal();
    const loop = start(() => Promise.resolve(1), {
      gatherMs() {
        begun.fire();
        return NEVER;
      },
    });
    await begun.promise;
    loop.stop();
    await loop.done;
  });

  it('wakes from a rest by a call, and a call during a step skips the next rest', async () => {
    const passes = [createSignal(), createSignal(), createSignal()];
    let rounds = 0;
    const loop = start(async () => {
      rounds += 1;
      if (rounds === 2) loop.wake();
      passes[rounds - 1]?.fire();
      return 0;
    });
    await passes[0]?.promise;
    // The rest begins after the step has settled; a wake before that counts for it as well.
    loop.wake();
    await passes[2]?.promise;
    loop.stop();
    await loop.done;
    expect(rounds).to.equal(3);
  });

  it('lengthens its idle rest up to the limit', async () => {
    const third = createSignal();
    let rounds = 0;
    const begin = performance.now();
    const loop = start(
      async () => {
        rounds += 1;
        if (rounds === 4) third.fire();
        return 0;
      },
      { busyMs: 5, idleMs: 20 },
    );
    await third.promise;
    loop.stop();
    await loop.done;
    // Rests of 5, 10 and 20 ms; timers may be a millisecond early.
    expect(performance.now() - begin).to.be.at.least(32);
  });

  it('counts and reports failures in a row and backs off; a wake does not shorten that', async () => {
    const waits: number[] = [];
    const done = createSignal();
    let rounds = 0;
    const loop = start(
      async () => {
        rounds += 1;
        loop.wake();
        if (rounds <= 2) throw new Error(`fault ${rounds}`);
        if (rounds === 3) return 1;
        if (rounds === 4) throw new Error('fault 4');
        done.fire();
        return 0;
      },
      { backoffMs: (failures) => waits.push(failures) },
    );
    await done.promise;
    loop.stop();
    await loop.done;
    expect(waits).to.deep.equal([1, 2, 1]);
    expect(loop.errors.map(([error, failures]) => [String(error), failures])).to.deep.equal([
      ['Error: fault 1', 1],
      ['Error: fault 2', 2],
      ['Error: fault 4', 1],
    ]);
  });

  it('finishes the running step when it is stopped, and then ignores its failure', async () => {
    const begun = createSignal();
    const loop = start(async (signal) => {
      begun.fire();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new Error('cut short');
    });
    await begun.promise;
    loop.stop();
    await loop.done;
    expect(loop.errors).to.deep.equal([]);
  });

  it('ends with the error that onError throws, for a component that cannot work', async () => {
    const fault = new Error('another cluster');
    const loop = start(async () => await Promise.reject(fault), {
      onError: (error) => {
        throw error;
      },
    });
    expect(await loop.done.catch((error: unknown) => error)).to.equal(fault);
  });
});

describe('waitUntil', () => {
  it('returns the first defined answer, and names after the deadline what it waited for', async () => {
    const answers = [undefined, false, 0];
    expect(
      await waitUntil(() => answers.shift(), { timeoutMs: 5_000, everyMs: 1, what: 'an answer' }),
    ).to.equal(0);
    const error = await waitUntil(() => false, { timeoutMs: 5, everyMs: 1, what: 'the moon' }).catch(
      (caught: unknown) => caught,
    );
    expect(error).to.include({ code: 'timeout', message: 'the moon: not within 5 ms' });
  });
});
