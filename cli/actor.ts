// Who runs a command, for the records of operations.
import { hostname, userInfo } from 'node:os';

/** Such as `cli:ada on db-host`. In a container the user may have a number and no name. */
export function commandActor(): string {
  return `cli:${userName()} on ${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SYSTEM_ERROR')
      return String(process.getuid?.() ?? 'unknown');
    throw error;
  }
}
