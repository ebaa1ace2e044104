// What Toy says in the headers of each answer about the quota of the account:
// `Toy-Quota: daily; limit=10000; used=9500; reset=2026-05-04T00:00:00.000Z`.
import type { Budget } from '../../../../lib/integrations/integration.ts';
import { readTime } from './times.ts';

const FORM = /^([a-z]{1,20}); limit=(\d{1,12}); used=(\d{1,12}); reset=(\S{1,40})$/;

/** Empty for a header that is missing, or that Toy cannot have written: nothing is made of half of it. */
export function budgetsIn(headers: Headers): Budget[] {
  const [, name, limit, used, reset] = FORM.exec(headers.get('toy-quota') ?? '') ?? [];
  const resetsAt = readTime(reset);
  if (name === undefined || resetsAt === null || Number(limit) === 0) return [];
  return [{ name, limit: Number(limit), used: Number(used), resetsAt }];
}
