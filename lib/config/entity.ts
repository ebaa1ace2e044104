import { customer } from '../catalogue/built-in.ts';
import type { Entity } from '../catalogue/entity.ts';
import type { Config } from './config.ts';

/** What is kept in step by these settings. */
export function customerOf(_config: Config): Entity {
  return customer;
}
