// Notifies whoever started the process with a channel to it that it is up: our own API processes,
// tests, and pm2's `wait_ready`.
const SIGN = 'ready';

export function tellReady(): void {
  process.send?.(SIGN);
}

export function isReadySign(message: unknown): boolean {
  return message === SIGN;
}
