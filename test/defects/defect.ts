/** A mistake that a test has to catch, as a change of the source. */
export interface Defect {
  name: string;
  edits: readonly Edit[];
  caughtBy: Catcher;
}

export interface Edit {
  file: string;
  /** The file contains this text exactly once. */
  find: string;
  replace: string;
}

/**
 * A test, by its file and a text that only its title contains, or the histories with fixed seeds.
 */
export type Catcher = { file: string; title: string } | 'histories';
