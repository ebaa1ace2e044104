import { busDefects } from './bus-defects.ts';
import type { Defect } from './defect.ts';
import { mergeDefects } from './merge-defects.ts';
import { writeDefects } from './write-defects.ts';

export const defects: readonly Defect[] = [...writeDefects, ...mergeDefects, ...busDefects];
