import { aliasDefects } from './alias-defects.ts';
import { busDefects } from './bus-defects.ts';
import type { Defect } from './defect.ts';
import { laneDefects } from './lane-defects.ts';
import { mergeDefects } from './merge-defects.ts';
import { writeDefects } from './write-defects.ts';

export const defects: readonly Defect[] = [
  ...writeDefects,
  ...mergeDefects,
  ...busDefects,
  ...laneDefects,
  ...aliasDefects,
];
