/**
 * A field's value, in the form that JSON has for it; null where there is none. The canonical form of
 * each type: lib/catalogue/field-types.ts.
 */
export type Value =
  | string
  | number
  | boolean
  | null
  | readonly Value[]
  | { readonly [member: string]: Value };
