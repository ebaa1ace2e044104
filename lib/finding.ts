/** What a look at one part of an installation found; doctor shows them. */

export type Level = 'ok' | 'warning' | 'problem';

export type Check = {
  name: string;
  level: Level;
  says: string;
  /** How to fix it; present unless it is ok. */
  fix?: string;
};

const ok = (name: string, says: string): Check => ({ name, level: 'ok', says });
const warning = (name: string, says: string, fix: string): Check => ({ name, level: 'warning', says, fix });
const problem = (name: string, says: string, fix: string): Check => ({ name, level: 'problem', says, fix });
export const checks = { ok, warning, problem };
