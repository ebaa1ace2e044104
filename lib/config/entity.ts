import { customer } from '../catalogue/built-in.ts';
import type { Entity } from '../catalogue/entity.ts';
import type { Config } from './config.ts';

/** What a customer is in this installation. */
export function customerOf({ catalogue }: Pick<Config, 'catalogue'>): Entity {
  return catalogue.entities['customer'] ?? customer;
}
