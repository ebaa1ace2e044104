import { expect } from 'chai';
import { createGather } from '../../lib/gather.ts';

/** Work that ends when the test says so. */
function createRounds() {
  const rounds: { pieces: string[]; end: (failure?: Error) => void }[] = [];
  const work = (pieces: string[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      const end = (failure?: Error): void =>
        failure ? reject(failure) : resolve(pieces.map((piece) => `${piece} done`));
      rounds.push({ pieces, end });
    });
  return { rounds, work };
}

describe('work that is gathered', () => {
  it('begins at once, and takes what comes meanwhile together', async () => {
    const { rounds, work } = createRounds();
    const give = createGather({ width: 1, most: 10, work });
    const answers = ['a', 'b', 'c'].map(give);
    expect(rounds.map(({ pieces }) => pieces)).to.deep.equal([['a']]);
    rounds[0]?.end();
    expect(await answers[0]).to.equal('a done');
    expect(rounds.map(({ pieces }) => pieces)).to.deep.equal([['a'], ['b', 'c']]);
    rounds[1]?.end();
    expect(await Promise.all(answers)).to.deep.equal(['a done', 'b done', 'c done']);
  });

  it('runs as many rounds at the same time as it may', () => {
    const { rounds, work } = createRounds();
    const give = createGather({ width: 2, most: 10, work });
    for (const piece of ['a', 'b', 'c']) void give(piece);
    expect(rounds.map(({ pieces }) => pieces)).to.deep.equal([['a'], ['b']]);
  });

  it('takes at most the given size, and a larger piece by itself', async () => {
    const { rounds, work } = createRounds();
    const give = createGather({ width: 1, most: 3, sizeOf: ({ length }: string) => length, work });
    const answers = ['a', 'bbbbb', 'cc', 'd', 'e'].map(give);
    for (let at = 0; at < 4; at += 1) {
      rounds[at]?.end();
      await answers[at];
    }
    expect(rounds.map(({ pieces }) => pieces)).to.deep.equal([['a'], ['bbbbb'], ['cc', 'd'], ['e']]);
  });

  it('fails for the pieces of its round, and goes on with the next', async () => {
    const { rounds, work } = createRounds();
    const give = createGather({ width: 1, most: 10, work });
    const [first = Promise.resolve(''), second = Promise.resolve('')] = ['a', 'b'].map(give);
    const met = first.catch((error: unknown) => error);
    const failure = new Error('away');
    rounds[0]?.end(failure);
    expect(await met).to.equal(failure);
    rounds[1]?.end();
    expect(await second).to.equal('b done');
  });

  it('takes together what comes in one round of the event loop, where it waits for that', async () => {
    const { rounds, work } = createRounds();
    const give = createGather({ width: 2, most: 10, afterReading: true, work });
    const readAll = () => new Promise((resolve) => setImmediate(resolve));
    for (const piece of ['a', 'b']) void give(piece);
    expect(rounds).to.deep.equal([]);
    await readAll();
    void give('c');
    await readAll();
    expect(rounds.map(({ pieces }) => pieces)).to.deep.equal([['a', 'b'], ['c']]);
  });

  it('may answer one piece by a promise, which no other piece waits for', async () => {
    const never = new Promise<string>(() => undefined);
    const work = (pieces: string[]) =>
      Promise.resolve(pieces.map((piece) => (piece === 'slow' ? never : `${piece} done`)));
    const give = createGather<string, string>({ width: 1, most: 1, work });
    void give('slow');
    expect(await give('quick')).to.equal('quick done');
  });
});
