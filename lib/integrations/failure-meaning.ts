/** What a code means, and how a person cures it: two short texts without values. */
export interface Meaning {
  means: string;
  cure: string;
}
