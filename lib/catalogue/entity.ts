// The entities that a mapping document can be about, as far as a document has to know them.
import { customerFields, newCustomerSchema } from './customer.ts';

export interface EntityFields {
  /** The names of the fields that it has in our table. */
  fields: readonly string[];
  /** Those that are never null there. */
  neverNull: readonly string[];
}

/** By the entity's name. */
export type Entities = Readonly<Record<string, EntityFields>>;

export const ENTITIES: Entities = {
  customer: { fields: Object.keys(customerFields), neverNull: newCustomerSchema.required },
};
