import { Router } from 'express';
import type { Simulator } from './simulator.ts';

export type ControlParts = Omit<Simulator, 'app' | 'listen' | 'close' | 'url' | 'port' | 'hadTornLine'>;

export function createControlRoutes(_parts: ControlParts): Router {
  return Router();
}
