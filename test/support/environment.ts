/** This process's environment with additions, for a child process. Only test/support reads the environment. */
export function environmentWith(more: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, ...more };
}

/**
 * Only the variables by which programs are found, and what Node has compiled of them: other variables of
 * the shell must not reach the child.
 */
export function bareEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE: compiled } = process.env;
  return { PATH, ...(compiled !== undefined && { NODE_COMPILE_CACHE: compiled }), ...more };
}

/**
 * WRITE_PAGE=1: a test that compares a page of docs/ with the output of a command writes the page
 * again.
 */
export function writesPages(): boolean {
  return process.env['WRITE_PAGE'] === '1';
}

/** How many histories of two entities are run, and from which seed. */
export function shopSettings(usual = 8): { runs: number; seed: number } {
  const { SHOP_RUNS: runs, SHOP_SEED: seed } = process.env;
  return { runs: Number(runs ?? usual), seed: Number(seed ?? Date.now() % 1_000_000) };
}

/** Runs the work while this process has only these variables beside those by which programs are found. */
export async function inEnvironment<T>(more: Record<string, string>, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  const become = (next: NodeJS.ProcessEnv): void => {
    for (const name of Object.keys(process.env))
      if (!(name in next)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, next);
  };
  become({ ...bareEnvironment(more), TMPDIR: before['TMPDIR'] ?? '/tmp' });
  try {
    return await work();
  } finally {
    become(before);
  }
}
