// What an external system promises, as data: a part of the contract (integration.ts).

export interface Capabilities {
  /**
   * How the engine avoids a second record after a create of unknown outcome. `key`: the same
   * request under its key, sent again within `requestLifeMs`, has one effect. `unique-tag`: the
   * system takes each owner tag once and `findTagged` is complete and current, so the record is
   * looked for by its tag before a create is sent again. `none`: a create is never sent again; once
   * nothing of it can be on its way, its record is looked for by the row's identity and in `list`.
   */
  creates: 'key' | 'unique-tag' | 'none';
  /**
   * Whether an update whose outcome is not known may be sent again. `key`: under its key, within
   * `requestLifeMs`. `version`: an update names the version of the record that was read for it, and
   * the system refuses any other as a `conflict`; the same request sent again has no second effect.
   * `none`: never; once nothing of it can be on its way, the record is read.
   * Except with `version`, an edit between our read and our update is overwritten. `previous` in the
   * event of our update shows it (with `key` the event has to name the key or the request), or `after`
   * in its own event. Without both it leaves no conflict: the reads show our values alone, and an event
   * that only names the record may be that of our update (docs/integrations.md).
   */
  updates: 'key' | 'version' | 'none';
  /** How long, in milliseconds, a request may be sent again under its key; 0 without keys. */
  requestLifeMs: number;
  /** How long after its last send a request may still take effect. */
  inFlightMs: number;
  /** The time limit of one call. */
  callTimeoutMs: number;
  /**
   * What a delete does. `delete`: the record is gone for good, so values of it that we had not seen
   * are kept as conflicts. `archive`: the record is archived with its values, as people delete
   * records at that system too; it reads as `erased`, and no value is lost. People may restore it: an
   * event that is no deletion (`updated`) then makes the engine read it. `none`: no delete is
   * ever sent; the pair of a deleted row is detached, and its record stays.
   */
  deletes: 'delete' | 'archive' | 'none';
  /** Whether the account has a quota that can be used up, which its calls then answer as `quota`. */
  quota: boolean;
  /**
   * How much of a quota that answers report (`budgets`) background work may use up, from 0 to 1: the
   * first reading, comparisons, sweeps and repairs pause there until the quota is given anew, and
   * edits go on.
   */
  backgroundShare: number;
  /**
   * Whether two records can be made one there: the loser is gone, and its id leads to the winner. A
   * read of the loser says so (`merged`), or else an event about it does.
   */
  merges: boolean;
  /**
   * How many requests a second the system allows: to the account as a whole, and to each endpoint.
   */
  rates: { account: number; endpoint: number };
}
