import { expect } from 'chai';
import { judgeHealth, noteFailure } from '../../../../lib/bus/kafka/health.ts';

describe('the health of a Kafka bus', () => {
  const at = (now: number) => ({ sessionTimeoutMs: 10_000, now });
  const reader = (memberAt: number, problem: string | null = null) => ({
    topic: 'sync.outbound',
    group: 'twinbox.stripe',
    membership: { at: memberAt, problem },
  });

  it('ignores the election of a leader and one rebalance of a group', () => {
    const trouble = noteFailure(null, 'no leader', 0);
    expect(judgeHealth(trouble, [reader(0)], at(4_000)).problem).to.equal(null);
  });

  it('says since when no record was accepted, and why the last attempt failed', () => {
    let trouble = noteFailure(null, 'the first reason', 1_000);
    trouble = noteFailure(trouble, 'the last reason', 11_000);
    expect(judgeHealth(trouble, [], at(13_000)).problem).to.equal(
      'Kafka has accepted no message for 12 s: the last reason',
    );
  });

  it('forgets a failure that was not repeated: another relay is active now', () => {
    const trouble = noteFailure(null, 'away', 0);
    expect(judgeHealth(trouble, [], at(30_000)).problem).to.include('away');
    expect(judgeHealth(trouble, [], at(61_000)).problem).to.equal(null);
    const later = noteFailure(trouble, 'away again', 100_000);
    expect(judgeHealth(later, [], at(101_000)).problem).to.equal(null);
  });

  it('names every reader that has been out of its group for longer than a session', () => {
    const { problem } = judgeHealth(
      null,
      [reader(9_000), reader(0, 'no coordinator'), reader(0)],
      at(15_000),
    );
    expect(problem?.split('; ')).to.deep.equal([
      'twinbox.stripe has not been in its group for 15 s, and reads nothing of sync.outbound: no coordinator',
      'twinbox.stripe has not been in its group for 15 s, and reads nothing of sync.outbound: the group is being shared, or Kafka does not answer',
    ]);
  });
});
