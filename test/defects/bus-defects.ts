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
      await handler(`,
        replace: `    lastSign = performance.now();
    committer.add(partition, String(BigInt(offset) + 1n), commitOffsetsIfNecessary);
    await committer.flush();
    try {
      await handler(`,
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
];
