// The entities that stand without a configuration.
import { customerFields, customerLimits } from './customer.ts';
import type { Entities, Entity, Field, FieldType } from './entity.ts';

/** A field of the type with nothing else said of it; not required, and its column has its name. */
export function plainField(name: string, type: FieldType): Field {
  return {
    ...{ name, column: name, type, required: false, maxLength: null },
    ...{ values: null, scale: null, currency: null, references: null, indexed: false },
  };
}

export const customer: Entity = {
  name: 'customer',
  plural: 'customers',
  table: 'customers',
  identity: 'email',
  fields: [
    {
      ...plainField('name', 'text'),
      required: true,
      maxLength: customerLimits.name,
      description: customerFields.name.description,
    },
    {
      ...plainField('email', 'email'),
      required: true,
      maxLength: customerLimits.email,
      description: customerFields.email.description,
    },
  ],
};

export const builtInEntities: Entities = { customer };
