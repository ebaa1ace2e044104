import type { Defect } from './defect.ts';

/** Mistakes of a consumer of Kafka; their tests need Java. */
export const busDefects: Defect[] = [
  {
    name: 'offset committed before the delivery is stored',
    edits: [
      {
        file: 'lib/bus/kafka/consumer.ts',
        find: `    lastSign = performance.now();
    try {
      await handle(`,
        replace: `    lastSign = performance.now();
    committer.add(partition, String(BigInt(offset) + 1n), commitOffsetsIfNecessary);
    await committer.flush();
    try {
      await handle(`,
      },
    ],
    caughtBy: { file: 'test/kafka/offsets.test.ts', title: 'is not committed before the handler is done' },
  },
  {
    name: 'consumer starting at the end',
    edits: [
      {
        file: 'lib/bus/kafka/consumer.ts',
        find: `fromBeginning: true`,
        replace: `fromBeginning: false`,
      },
    ],
    caughtBy: { file: 'test/kafka/consuming.test.ts', title: 'begins a new group at the beginning' },
  },
  {
    name: 'length of a record left where another size of it was expected',
    edits: [
      {
        file: 'lib/bus/kafka/bytes.ts',
        find: `  if (size !== free) {`,
        replace: `  if (size > free) {`,
      },
    ],
    caughtBy: {
      file: 'test/lib/bus/kafka/produce-request.test.ts',
      title: 'writes byte for byte what kafkajs writes',
    },
  },
  {
    name: 'transactions forgotten that run while short pages pass',
    edits: [
      {
        file: 'db/relay/cursor.ts',
        find: `before[xid] ?? cursor.floor`,
        replace: `before[xid] ?? Number.MAX_SAFE_INTEGER`,
      },
    ],
    caughtBy: {
      file: 'test/relay/saved-together.test.ts',
      title: 'do not hide a transaction that was open while they passed',
    },
  },
  {
    name: 'a floor that rises with a window from before the last save had ended',
    edits: [
      {
        file: 'relay/relay.ts',
        find: 'closed: closed && !isEarly,',
        replace: 'closed,',
      },
    ],
    caughtBy: { file: 'test/relay/beside.test.ts', title: 'raises no floor' },
  },
  {
    name: 'short pages dropped when the relay stops',
    edits: [
      {
        file: 'relay/relay.ts',
        find: `      await saveWaiting();
`,
        replace: ``,
      },
    ],
    caughtBy: { file: 'test/relay/saved-together.test.ts', title: 'are saved when it stops' },
  },
];
