// Checks of the doctor: a failure becomes a finding, so that the other checks are still made.
import { checks, type Check } from '../lib/finding.ts';
import { explain } from './failure.ts';

export async function attempt<T extends object>(
  name: string,
  fix: string,
  work: () => T | Promise<T>,
): Promise<T | Check> {
  try {
    return await work();
  } catch (error) {
    // The fix is printed on its own line, so it is removed from the message.
    const says = explain(error).message.replace(`${fix}.`, '').replace(fix, '').trim();
    return checks.problem(name, says, fix);
  }
}

export function check(name: string, fix: string, work: () => Promise<Check>): Promise<Check> {
  return attempt(name, fix, work);
}

export async function several(name: string, fix: string, work: () => Promise<Check[]>): Promise<Check[]> {
  const found = await attempt(name, fix, work);
  return 'level' in found ? [found] : found;
}
