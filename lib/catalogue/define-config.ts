// What a user writes in twinbox.config.ts, as types: import { defineConfig } from 'twinbox'.
// docs/catalogue.md explains each key.
import type { When, Condition } from './condition.ts';
import type { ConflictRule, Direction } from './document.ts';
import type { FieldType } from './entity.ts';
import type { OwnTransform } from './transforms.ts';

export interface UserField {
  /** Required, except for the fields `name` and `email` of a customer, whose types stand. */
  type?: FieldType;
  required?: boolean;
  /** In characters; of text and email. */
  maxLength?: number;
  /** The column of the table; by default it has the field's name. */
  column?: string;
  /** The only values; of enum. */
  values?: readonly string[];
  /** The digits after the point, 0 to 15; of decimal. */
  scale?: number;
  /** The field that holds the currency; of money. */
  currency?: string;
  /** The entity whose id it is; of reference. */
  entity?: string;
  /** Lists can be filtered by it, and its column has an index; not of json. */
  indexed?: boolean;
  /** For the readers of the API's document. */
  description?: string;
}

export interface UserEntity {
  table?: string;
  plural?: string;
  identity?: string | null;
  fields?: Readonly<Record<string, UserField>>;
}

export interface UserRule {
  internal: string;
  external: string;
  group?: string;
  direction?: Direction;
  conflict?: ConflictRule;
  onNull?: 'keep' | 'clear';
  toExternal?: readonly string[];
  toInternal?: readonly string[];
  compare?: readonly ('lower' | 'exact')[];
  fallback?: readonly string[];
  maxLength?: number | null;
  owner?: string | null;
}

export interface UserMapping {
  when?: When;
  onLeave?: Condition['onLeave'];
  fields?: readonly UserRule[];
}

export interface UserConfig {
  /** For editors, in a twinbox.config.json. */
  $schema?: string;
  entities?: Readonly<Record<string, UserEntity>>;
  systems?: Readonly<Record<string, Readonly<Record<string, UserMapping>>>>;
  /** Pairs of pure functions of your own, by name. */
  transforms?: Readonly<Record<string, OwnTransform>>;
}

/** Gives the configuration back as it is; for types and completion in an editor. */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}
