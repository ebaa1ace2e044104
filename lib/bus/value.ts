// A message's value, which the relay leaves as bytes where it only copies them.
import type { Value } from './bus.ts';

const NONE = new Uint8Array();

/** The text, and the bytes behind it. */
export function partsOf(value: Value): { text: string; bytes: Uint8Array } {
  return typeof value === 'string' ? { text: value, bytes: NONE } : value;
}

export function sizeOfValue(value: Value): number {
  const { text, bytes } = partsOf(value);
  return Buffer.byteLength(text) + bytes.length;
}

export function textOf(value: Value): string {
  const { text, bytes } = partsOf(value);
  return bytes.length === 0
    ? text
    : text + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
