// How a caller changes the way in which a file is read: the same advice in the words of the command and
// in those of the API.

export type Advice = {
  /** `character`: the one between the fields. */
  delimiter(character: string): string;
  /** `column`: a name that is shown already, or a position from 1. */
  map(column: string, field: string): string;
  /** Names what asked for a column that the file does not have. */
  mapping: string;
  namesFromEmail: string;
  encoding: string;
  /** For a row of an existing customer with other values. */
  update: string;
};

export const adviceOfCommand: Advice = {
  delimiter: (character) => `--delimiter ${character === '\t' ? 'tab' : `'${character}'`}`,
  map: (column, field) => `--map '${`${column}=${field}`.replaceAll("'", String.raw`'\''`)}'`,
  mapping: '--map',
  namesFromEmail: '--names-from-email',
  encoding: '--encoding windows-1252',
  update: '--update',
};

export const adviceOfApi: Advice = {
  delimiter: (character) => `delimiter=${character === '\t' ? 'tab' : encodeURIComponent(character)}`,
  map: (column, field) => `column_${field}=${encodeURIComponent(column)}`,
  mapping: 'column_…',
  namesFromEmail: 'names_from_email=true',
  encoding: 'Content-Type: text/csv; charset=windows-1252',
  update: 'on_existing=update',
};
