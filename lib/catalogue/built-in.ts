// What is kept in step without a configuration.
import { customerTable } from '../../db/entities/entity-table.ts';
import { customerLimits } from './customer.ts';
import type { Entity, Field } from './entity.ts';

const unlimited = { maxLength: null, values: null, scale: null, currency: null, references: null };

export const customer: Entity = {
  ...customerTable,
  plural: 'customers',
  fields: customerTable.fields.map((field): Field => ({
    ...unlimited,
    ...field,
    maxLength: field.name === 'name' ? customerLimits.name : customerLimits.email,
  })),
};
