import { expect } from 'chai';
import { createCommitter, type Commit } from '../../../../lib/bus/kafka/committer.ts';
import { createSignal, waitUntil } from '../../../support/signal.ts';

const WAIT = { timeoutMs: 5_000 };

/** The broker's side of commits: records the requests, and may refuse the first ones. */
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
  it('commits what was handled while the last commit was just ending, at whatever moment', async () => {
    for (let rounds = 0; rounds < 12; rounds += 1) {
      const { requests, commit } = keeper();
      const committer = createCommitter('t', (error) => expect.fail(String(error)));
      committer.add(0, '1', commit);
      for (let round = 0; round < rounds; round += 1) await Promise.resolve();
      committer.add(1, '7', commit);
      await waitUntil(() => requests.flat().some(([partition]) => partition === 1), {
        ...WAIT,
        what: `the commit that was asked for after ${rounds} rounds`,
      });
    }
  });

  it('puts all waiting offsets into one request, the newest of each partition', async () => {
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

  it('drops the offsets of partitions that now belong to another member', async () => {
    const { requests, commit } = keeper(1);
    const committer = createCommitter('t', () => undefined);
    committer.add(0, '1', commit);
    committer.add(1, '2', commit);
    await committer.flush();
    committer.keepOnly([1], '');
    await committer.flush();
    expect(requests).to.deep.equal([[[1, '2']]]);
  });
});
