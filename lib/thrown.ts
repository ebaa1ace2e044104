/**
 * What code that is not ours has thrown, as the end of a sentence: the message of an error, `null`,
 * `Error without a message`. Never throws, although any part of such a value may.
 */
export function sayThrown(thrown: unknown): string {
  try {
    if (thrown instanceof Error) {
      const [message = ''] = thrown.message.trim().split('\n');
      return message === '' ? `${thrown.name} without a message` : message;
    }
    if (typeof thrown === 'function') return 'a function';
    if (typeof thrown === 'object' && thrown !== null) return JSON.stringify(thrown);
    return String(thrown);
  } catch {
    return 'a value that cannot be shown';
  }
}
