// A repair of kafkajs 2.2.4: it copies the object of a record's headers once for each header, and makes a Buffer of
// each value. With the seven headers of our records that is half of the work of reading them, and most of the memory
// of a fetch. This repair reads the headers into one object, with texts as values; a header that comes several times
// has an array, as in kafkajs. The type of kafkajs allows both, and kafkajs reads nothing else by this function.
import { createRequire } from 'node:module';

type Texts = Record<string, string | string[]>;

type Decoder = {
  buffer: Buffer;
  offset: number;
  readVarInt(): number;
  readVarIntArray(read: unknown): { reduce(): Texts };
};

let repaired = false;

export function repairRecordHeaders(): void {
  if (repaired) return;
  repaired = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/protocol/decoder') as {
    prototype: Decoder;
  };
  prototype.readVarIntArray = function (this: Decoder) {
    const headers = readHeaders(this);
    // kafkajs makes its object of the array by this function.
    return { reduce: () => headers };
  };
}

function readHeaders(decoder: Decoder): Texts {
  // Without a prototype: any program may name a header `constructor`.
  const headers = Object.create(null) as Texts;
  for (let left = decoder.readVarInt(); left > 0; left -= 1) {
    const name = readText(decoder) ?? '';
    const value = readText(decoder);
    // A header may have no value.
    if (value === null) continue;
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

function readText(decoder: Decoder): string | null {
  const length = decoder.readVarInt();
  if (length === -1) return null;
  const from = decoder.offset;
  decoder.offset += length;
  return decoder.buffer.toString('utf8', from, decoder.offset);
}
