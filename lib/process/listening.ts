// Why a process cannot listen on a port, as text for a person. The API and the health server use
// it.
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code = 'cannot_listen';
}

/** The part that listens, and the settings that name its address. */
export type Listener = { who: string; host: string; port: number; settings: { host: string; port: string } };

export function listenError(error: NodeJS.ErrnoException, listener: Listener): ListenError {
  const { who, host, port, settings } = listener;
  const messages: Record<string, string> = {
    EADDRINUSE: `another program uses port ${port} of ${host}. Stop that program, or set ${settings.port} to a free port.`,
    EACCES: `this user may not listen on port ${port}. Set ${settings.port} to a port above 1023.`,
    EADDRNOTAVAIL: `this machine does not have the address ${host}. Set ${settings.host} to an address of this machine, such as 127.0.0.1.`,
    ENOTFOUND: `the name ${host} is not known. Set ${settings.host} to an address of this machine, such as 127.0.0.1.`,
  };
  const detail =
    messages[error.code ?? ''] ?? `listening on ${host}:${port} failed (${error.code ?? error.message}).`;
  return new ListenError(`${who} cannot start: ${detail}`, { cause: error });
}

/** How this machine reaches a server that listens on a host: one that means every address is none. */
export function nearUrl(host: string, port: number): string {
  const near: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return urlOf(near[host] ?? host, port);
}

/** The URL of an address; an IPv6 address is put in brackets. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
