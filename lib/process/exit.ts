/** Exit statuses, the same for every process and command; docs/cli.md lists them. */
export const exit = {
  ok: 0,
  /** It ran, and its result is not all right. */
  failed: 1,
  /**
   * Wrong arguments on the command line; for `verify`: the result is not certain, or a person has
   * to look.
   */
  usage: 2,
  undecided: 2,
  nothingMatched: 3,
  /** The database, Kafka, Stripe, a port or the folder is not available now. */
  unavailable: 69,
  settings: 78,
  interrupted: 130,
} as const;
