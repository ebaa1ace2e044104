/** What a code means, and how a person cures it: two short texts without values. */
export interface Meaning {
  means: string;
  cure: string;
  /** Its cause holds up every customer of the system, not only those in whose pairs it is noted. */
  all?: true;
}
