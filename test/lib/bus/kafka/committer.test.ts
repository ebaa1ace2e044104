import { expect } from 'chai';
import { createCommitter, type Commit } from '../../../../lib/bus/kafka/committer.ts';
import { createSignal, waitUntil } from '../../../support/signal.ts';

const WAIT = { timeoutMs: 5_000 };

/** A broker's side of commits: keeps what it is given, and may refuse the first. */
function keeper(refusals = 0) {
  const requests: [number, string][][] = [];
  let left = refusals;
  const commit: Commit = ({ topics }) => {
    if (left-- > 0) return Promise.reject(new Error('the coordinator is elsewhere'));
    requests.push((topics[0]?.partitions ?? []).map(({ partition, offset }) => [partition, offset]));
    return Promise.resolve();
  };
  return { requests, commit };
}

describe('committing to Kafka', () => {
  it('commits what was handled while the last commit was just ending, whatever the moment', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const { requests, commit } = keeper();
      const committer = createCommitter('t', (error) => expect.fail(String(error)));
      committer.add(0, '1', commit);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      committer.add(1, '7', commit);
      await waitUntil(() => requests.flat().some(([partition]) => partition === 1), {
        ...WAIT,
        what: `the commit that was asked for after ${turns} turns`,
      });
    }
  });

  it('puts all that waits into one request, the newest of each partition', async () => {
    const held = createSignal();
    const { requests, commit } = keeper();
    const committer = createCommitter('t', (error) => expect.fail(String(error)));
    committer.add(0, '1', () => held.promise);
    await Promise.resolve();
    for (const [partition, offset] of [
      [0, '2'],
      [1, '5'],
      [1, '6'],
      [0, '3'],
    ] as const)
      committer.add(partition, offset, commit);
    held.fire();
    await committer.flush();
    expect(requests).to.deep.equal([
      [
        [0, '3'],
        [1, '6'],
      ],
    ]);
  });

  it('tries a refused commit again by itself', async () => {
    const errors: unknown[] = [];
    const { requests, commit } = keeper(1);
    const committer = createCommitter('t', (error) => errors.push(error));
    committer.add(0, '1', commit);
    await waitUntil(() => requests.length > 0, { ...WAIT, what: 'the second attempt' });
    expect([requests, errors.length]).to.deep.equal([[[[0, '1']]], 1]);
  });

  it('lets go of partitions that are another’s now', async () => {
    const { requests, commit } = keeper(1);
    const committer = createCommitter('t', () => undefined);
    committer.add(0, '1', commit);
    committer.add(1, '2', commit);
    await committer.flush();
    committer.keepOnly([1]);
    await committer.flush();
    expect(requests).to.deep.equal([[[1, '2']]]);
  });
});
