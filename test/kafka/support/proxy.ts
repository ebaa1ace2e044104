// A TCP proxy before the broker. It can be slow, and it can keep back the broker's answers to
// requests of one kind: the broker has done what was asked (the records are written, the member is
// in the group), and the client receives no answer. It reads just enough of Kafka's protocol to
// match answers with requests.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type Proxy = {
  /** Keeps back this number of answers to such requests. `cut` closes the connection too. */
  swallow(count: number, how?: 'silent' | 'cut', kind?: Kind): void;
  /** From now on lets this number of bytes a second pass from each client to the broker. */
  slow(bytesPerSecond: number): void;
  /** How many answers it has kept back so far. */
  swallowed(): number;
  /** The produce requests so far, and their bytes. */
  produced(): { requests: number; bytes: number };
  close(): Promise<void>;
};

/** https://kafka.apache.org/protocol#protocol_api_keys */
const KINDS = { produce: 0, join: 11, sync: 14 };
type Kind = keyof typeof KINDS;

export async function startProxy(listenPort: number, targetPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let toSwallow = 0;
  let mode: 'silent' | 'cut' = 'silent';
  let swallows: Kind = 'produce';
  let kept = 0;
  let rate = Infinity;
  const produced = { requests: 0, bytes: 0 };

  const server = createServer((client) => {
    const broker = connect(targetPort, '127.0.0.1');
    const kinds = new Map<number, number>();
    const both = [client, broker];
    for (const socket of both) {
      sockets.add(socket);
      socket.on('error', () => both.forEach((one) => one.destroy()));
      socket.on('close', () => {
        sockets.delete(socket);
        both.forEach((one) => one.destroy());
      });
    }
    client.on('data', (part: Buffer) => {
      broker.write(part);
      if (rate === Infinity) return;
      // The client's own socket fills up meanwhile, as on a slow line.
      client.pause();
      setTimeout(() => client.resume(), (part.length / rate) * 1000);
    });
    readFrames(client, (frame) => {
      const kind = frame.readInt16BE(4);
      kinds.set(frame.readInt32BE(8), kind);
      if (kind !== KINDS.produce) return;
      produced.requests += 1;
      produced.bytes += frame.length;
    });
    readFrames(broker, (frame) => {
      const id = frame.readInt32BE(4);
      const kind = kinds.get(id);
      kinds.delete(id);
      if (kind !== KINDS[swallows] || toSwallow === 0) return void client.write(frame);
      toSwallow -= 1;
      kept += 1;
      if (mode === 'cut') client.destroy();
    });
  });
  server.listen(listenPort, '127.0.0.1');
  await once(server, 'listening');
  return {
    swallow(count, how = 'silent', kind = 'produce') {
      toSwallow = count;
      mode = how;
      swallows = kind;
    },
    slow(bytesPerSecond) {
      rate = bytesPerSecond;
    },
    swallowed: () => kept,
    produced: () => ({ ...produced }),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Calls back with each whole frame, including its four bytes of length. */
function readFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (part: Buffer) => {
    held = held.length === 0 ? part : Buffer.concat([held, part]);
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0);
      onFrame(held.subarray(0, end));
      held = held.subarray(end);
    }
  });
}
