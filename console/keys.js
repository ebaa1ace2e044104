// @ts-check
// Keys, each with a twin that can be seen: none with a modifier, none inside a field.

let isGoing = false;
document.addEventListener('keydown', (event) => {
  const { key, target } = event;
  const at = /** @type {HTMLElement} */ (target);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (at.matches('input, textarea, select')) return void (key === 'Escape' && at.blur());
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-row]')]);
  const row = rows.findIndex((each) => each.contains(document.activeElement));
  /** @param {string} where @returns {HTMLElement | null} */
  const find = (where) => document.querySelector(where);
  const go = isGoing ? find(`[data-go="${CSS.escape(key)}"]`) : null;
  isGoing = key === 'g' && !isGoing;
  if (go) go.click();
  else if (key === '/') (event.preventDefault(), find('[data-find]')?.focus());
  else if (key === '?') /** @type {any} */ (find('#keys')).togglePopover();
  else if (key === 'r') find('[data-key=r]')?.click();
  else if (key === 'o') rows[row]?.querySelector('summary')?.click();
  else if (key === 'j' || key === 'k') {
    const next = rows[key === 'k' ? Math.max(0, row - 1) : Math.min(rows.length - 1, row + 1)];
    const link = /** @type {HTMLElement | null | undefined} */ (next?.querySelector('th a, b a'));
    (link ?? next)?.focus();
  }
});
