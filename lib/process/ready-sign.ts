// Whoever started a process with a channel to it hears when it is up: our own API processes, tests, and pm2's `wait_ready`.
const SIGN = 'ready';

export function tellReady(): void {
  process.send?.(SIGN);
}

export function isReadySign(message: unknown): boolean {
  return message === SIGN;
}
