// A process that was started with a message channel reports on it that it is ready. The main
// process of the API, the tests and pm2's `wait_ready` wait for this message.
const SIGN = 'ready';

export function announceReady(): void {
  process.send?.(SIGN);
}

export function isReadySign(message: unknown): boolean {
  return message === SIGN;
}
