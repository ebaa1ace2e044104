/** A mistake that some test has to catch, as a change of the source. */
export interface Defect {
  name: string;
  edits: readonly Edit[];
  caughtBy: Catcher;
}

export interface Edit {
  file: string;
  /** Stands in the file exactly once. */
  find: string;
  replace: string;
}

/** A test by its file and what only its title has in it, or one of the histories that never change. */
export type Catcher = { file: string; title: string } | 'histories';
