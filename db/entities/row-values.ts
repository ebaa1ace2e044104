/** A value as JSON has it; lib/catalogue/field-types.ts says which form each type has. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue };

/** Values by the names of the entity's fields. */
export type RowFields = Record<string, JsonValue>;
