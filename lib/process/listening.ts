// Why a port could not be had, as text for a person; the API and the health endpoints say it alike.
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code = 'cannot_listen';
}

/** Who wants to listen, and the settings that say where. */
export type Listener = { who: string; host: string; port: number; settings: { host: string; port: string } };

export function listenError(error: NodeJS.ErrnoException, listener: Listener): ListenError {
  const { who, host, port, settings } = listener;
  const told: Record<string, string> = {
    EADDRINUSE: `port ${port} of ${host} is taken by another program. Stop it, or set ${settings.port} to a free port.`,
    EACCES: `this user may not listen on port ${port}. Set ${settings.port} to a port above 1023.`,
    EADDRNOTAVAIL: `this machine does not have the address ${host}. Set ${settings.host} to one it has, such as 127.0.0.1.`,
    ENOTFOUND: `the name ${host} is not known. Set ${settings.host} to an address of this machine, such as 127.0.0.1.`,
  };
  const detail =
    told[error.code ?? ''] ?? `listening on ${host}:${port} failed (${error.code ?? error.message}).`;
  return new ListenError(`${who} cannot start: ${detail}`, { cause: error });
}

/** An address as it is written in a URL. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
