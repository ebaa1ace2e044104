// What a kind of row is: its table, its columns and its fields, as data. The entities of an
// installation are in its catalogue; without a configuration, the built-in one stands.

/** docs/catalogue.md says what each is in JSON, in a column and in a CSV file. */
export const fieldTypes = [
  'text',
  'email',
  'enum',
  'integer',
  'money',
  'decimal',
  'boolean',
  'date',
  'timestamp',
  'json',
  'reference',
] as const;

export type FieldType = (typeof fieldTypes)[number];

/** One field of an entity. What is null does not apply to its type, or has no limit. */
export interface Field {
  /** In the API, in events, in CSV files and in mapping documents. */
  name: string;
  column: string;
  type: FieldType;
  /** Whether a row always has a value for it. */
  required: boolean;
  /** In code points; of text and email. */
  maxLength: number | null;
  /** The only values; of enum. */
  values: readonly string[] | null;
  /** The digits after the point; of decimal. */
  scale: number | null;
  /** The field that holds the currency; of money. */
  currency: string | null;
  /** The entity whose id it is; of reference. */
  references: string | null;
  /** Whether a list is filtered by it, with an index on its column. */
  indexed: boolean;
  /** For the readers of the API's document. */
  description?: string;
}

export interface Entity {
  /** In events, keys and mapping documents: `customer`. */
  name: string;
  /** In routes and in the words of commands: `customers`. */
  plural: string;
  table: string;
  /** The field by which a row and a record are taken for the same thing; unique among living rows. */
  identity: string | null;
  fields: readonly Field[];
}

/** The field of the identity in a sentence: `email`; `identity` for an entity without one. */
export function identityName({ identity }: Pick<Entity, 'identity'>): string {
  return identity ?? 'identity';
}

/** By the entity's name. */
export type Entities = Readonly<Record<string, Entity>>;
