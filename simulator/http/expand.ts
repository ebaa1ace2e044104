import { refuse } from './errors.ts';
import type { Params } from './form.ts';
import { readTextList } from './params.ts';

/** docs.stripe.com/api/expanding_objects; in lists the names begin with `data.`. */
export function readExpand(
  params: Params,
  expandable: readonly string[],
  within?: string,
): ReadonlySet<string> {
  const names = readTextList(params['expand'], 'expand');
  if (names === undefined) return NOTHING;
  const prefix = within === undefined ? '' : `${within}.`;
  return new Set(
    names.map((name) => {
      const inner = name.startsWith(prefix) ? name.slice(prefix.length) : '';
      const known = expandable.find((part) => inner === part || inner === `${part}.data`);
      return known ?? refuse(`This property cannot be expanded (${name}).`, { param: 'expand' });
    }),
  );
}

const NOTHING: ReadonlySet<string> = new Set();
