// The types of checked values, from the properties of a schema.

type ValueOf<S> = S extends { enum: readonly (infer E)[] }
  ? E
  : S extends { type: 'integer' | 'number' }
    ? number
    : S extends { type: 'array' }
      ? string[]
      : string;

/** The checked values, by the names of their settings. */
export type ValuesOf<P> = {
  [K in keyof P]: ValueOf<P[K]> | (P[K] extends { default: unknown } ? never : undefined);
};
