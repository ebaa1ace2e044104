/**
 * The ledger: one entry per call that reached the simulator, so that a test can check how often a
 * key was sent and how often it had an effect. Writes and reads are kept separately, each up to a
 * limit (the oldest tenth is dropped first), because the thousands of reads of a sweep must not
 * push out the writes that a proof counts.
 */
export type LedgerEntry = {
  seq: number;
  /** ms of the simulator's clock, when the call was answered. */
  at: number;
  source: 'api' | 'dashboard';
  account: string | null;
  method: string;
  path: string;
  request_id: string | null;
  idempotency_key: string | null;
  customer: string | null;
  /** The status that was answered, or would have been; null if the call never got so far. */
  status: number | null;
  error_code: string | null;
  /** Whether an answer was sent to a client that was still connected. */
  answered: boolean;
  replayed: boolean;
  /** The request whose answer was replayed. */
  original_request: string | null;
  /** Whether the call changed anything. */
  effect: boolean;
  event_ids: string[];
  /** Kinds of the scripted faults that hit this call. */
  faults: string[];
};

export type LedgerBook = ReturnType<typeof createLedgerBook>;

export function createLedgerBook(limits: { ledgerWrites: number; ledgerReads: number }) {
  const writes: LedgerEntry[] = [];
  const reads: LedgerEntry[] = [];
  let lastSeq = 0;

  function add(entry: LedgerEntry): void {
    lastSeq = Math.max(lastSeq, entry.seq);
    const [shelf, limit] =
      entry.method === 'GET' ? [reads, limits.ledgerReads] : [writes, limits.ledgerWrites];
    shelf.push(entry);
    if (shelf.length > limit) shelf.splice(0, Math.max(1, Math.floor(limit / 10)));
  }

  return {
    add,
    nextSeq: () => lastSeq + 1,
    entries: (fits: (entry: LedgerEntry) => boolean = () => true): LedgerEntry[] =>
      [...writes.filter(fits), ...reads.filter(fits)].sort((a, b) => a.seq - b.seq),
    writes: writes as readonly LedgerEntry[],
    clear() {
      writes.length = 0;
      reads.length = 0;
    },
  };
}
