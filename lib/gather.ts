// Work that comes in many small pieces is done in few large ones: a piece is worked on at once if there is room,
// and the pieces that come meanwhile are worked on together in the next round. So a single piece never waits for
// others, and under load a round is as large as the round before it was long.

export type GatherOptions<Piece, Answer> = {
  /** How many rounds may run at the same time. */
  width: number;
  /** A round takes pieces up to this size, and at least one. */
  most: number;
  /**
   * A round begins when the event loop has read all that has arrived, so requests that wait in their sockets at the
   * same time come into one round. A piece that comes alone waits for no other.
   */
  afterReading?: boolean;
  sizeOf?: (piece: Piece) => number;
  /**
   * One answer for each piece, in their order; one that is a promise is awaited by its caller alone, and not by the
   * next round. What it throws is thrown to each caller of the round.
   */
  work: (pieces: Piece[]) => Promise<(Answer | Promise<Answer>)[]>;
};

type Waiting<Piece, Answer> = { piece: Piece; answer: PromiseWithResolvers<Answer> };

/** Answers a piece once its round is done; pieces are worked on in the order in which they come. */
export function createGather<Piece, Answer>({
  width,
  most,
  afterReading = false,
  sizeOf = () => 1,
  work,
}: GatherOptions<Piece, Answer>): (piece: Piece) => Promise<Answer> {
  const waiting: Waiting<Piece, Answer>[] = [];
  let running = 0;

  function takeRound(): Waiting<Piece, Answer>[] {
    let size = 0;
    const end = waiting.findIndex(({ piece }, at) => {
      size += sizeOf(piece);
      return at > 0 && size > most;
    });
    return waiting.splice(0, end === -1 ? waiting.length : end);
  }

  async function runRound(round: Waiting<Piece, Answer>[]): Promise<void> {
    const [done] = await Promise.allSettled([work(round.map(({ piece }) => piece))]);
    running -= 1;
    begin();
    for (const [at, { answer }] of round.entries()) {
      if (done.status === 'rejected') answer.reject(done.reason);
      // As many answers as pieces.
      else answer.resolve(done.value[at] as Answer);
    }
  }

  function start(): void {
    while (running < width && waiting.length > 0) {
      running += 1;
      void runRound(takeRound());
    }
  }

  const begin = (): void => {
    if (afterReading) setImmediate(start);
    else start();
  };

  return (piece) => {
    const answer = Promise.withResolvers<Answer>();
    waiting.push({ piece, answer });
    begin();
    return answer.promise;
  };
}
