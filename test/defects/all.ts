import { actDefects } from './act-defects.ts';
import { aliasDefects } from './alias-defects.ts';
import { busDefects } from './bus-defects.ts';
import { conditionDefects } from './condition-defects.ts';
import { catalogueDefects } from './catalogue-defects.ts';
import { configDefects } from './config-defects.ts';
import { connectionDefects } from './connection-defects.ts';
import { consoleDefects } from './console-defects.ts';
import { contactDefects } from './contact-defects.ts';
import { coveredDefects } from './covered-defects.ts';
import { createDefects } from './create-defects.ts';
import { credentialDefects } from './credential-defects.ts';
import { decideDefects } from './decide-defects.ts';
import type { Defect } from './defect.ts';
import { documentDefects } from './document-defects.ts';
import { edgeDefects } from './edge-defects.ts';
import { metricsDefects } from './metrics-defects.ts';
import { fieldDefects } from './field-defects.ts';
import { groupDefects } from './group-defects.ts';
import { groundDefects } from './ground-defects.ts';
import { importDefects } from './import-defects.ts';
import { exitDefects } from './exit-defects.ts';
import { kafkaDefects } from './kafka-defects.ts';
import { feedDefects } from './feed-defects.ts';
import { keyDefects } from './key-defects.ts';
import { overviewDefects } from './overview-defects.ts';
import { pairActDefects } from './pair-act-defects.ts';
import { kitDefects } from './kit-defects.ts';
import { laneDefects } from './lane-defects.ts';
import { linkDefects } from './link-defects.ts';
import { liveDefects } from './live-defects.ts';
import { mergeDefects } from './merge-defects.ts';
import { mergedDefects } from './merged-defects.ts';
import { shopDefects } from './shop-defects.ts';
import { controlDefects } from './control-defects.ts';
import { statusDefects } from './status-defects.ts';
import { storyDefects } from './story-defects.ts';
import { textApiDefects } from './text-api-defects.ts';
import { textDefects } from './text-defects.ts';
import { nextDefects } from './next-defects.ts';
import { numbersDefects } from './numbers-defects.ts';
import { onceDefects } from './once-defects.ts';
import { operationDefects } from './operation-defects.ts';
import { orderDefects } from './order-defects.ts';
import { originDefects } from './origin-defects.ts';
import { policyDefects } from './policy-defects.ts';
import { promiseDefects } from './promise-defects.ts';
import { recordDefects } from './record-defects.ts';
import { replayDefects } from './replay-defects.ts';
import { tableDefects } from './table-defects.ts';
import { shardDefects } from './shard-defects.ts';
import { restoreDefects } from './restore-defects.ts';
import { stateDefects } from './state-defects.ts';
import { traceDefects } from './trace-defects.ts';
import { writeDefects } from './write-defects.ts';

export const defects: readonly Defect[] = [
  ...writeDefects,
  ...replayDefects,
  ...contactDefects,
  ...liveDefects,
  ...mergeDefects,
  ...mergedDefects,
  ...originDefects,
  ...busDefects,
  ...kafkaDefects,
  ...laneDefects,
  ...importDefects,
  ...configDefects,
  ...shopDefects,
  ...statusDefects,
  ...controlDefects,
  ...storyDefects,
  ...textApiDefects,
  ...exitDefects,
  ...onceDefects,
  ...operationDefects,
  ...orderDefects,
  ...numbersDefects,
  ...recordDefects,
  ...aliasDefects,
  ...coveredDefects,
  ...groupDefects,
  ...textDefects,
  ...connectionDefects,
  ...tableDefects,
  ...restoreDefects,
  ...shardDefects,
  ...groundDefects,
  ...documentDefects,
  ...edgeDefects,
  ...metricsDefects,
  ...fieldDefects,
  ...decideDefects,
  ...createDefects,
  ...stateDefects,
  ...promiseDefects,
  ...credentialDefects,
  ...keyDefects,
  ...overviewDefects,
  ...consoleDefects,
  ...pairActDefects,
  ...kitDefects,
  ...feedDefects,
  ...policyDefects,
  ...conditionDefects,
  ...nextDefects,
  ...catalogueDefects,
  ...traceDefects,
  ...actDefects,
  ...linkDefects,
];
