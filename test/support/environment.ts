/** This process's environment with additions, for a child process. Only test/support reads the environment. */
export function environmentWith(more: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, ...more };
}

/** Nothing but what a program is found by: what the shell has set must not reach the child. */
export function bareEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...more };
}

/** WRITE_PAGE=1: a test that compares a page of docs/ with what a command prints writes the page anew. */
export function writesPages(): boolean {
  return process.env['WRITE_PAGE'] === '1';
}
