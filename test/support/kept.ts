/** Databases of failed tests, kept for inspection when KEEP=1 is set. */
const kept: string[] = [];

/** Whether the database is to be kept; prints its address. */
export function keepDatabase(name: string, url: string): boolean {
  if (process.env['KEEP'] !== '1') {
    process.stderr.write(`  a test failed; run it again with KEEP=1 to keep its database ${name}\n`);
    return false;
  }
  kept.push(name);
  process.stderr.write(`  kept the database of the failed test: ${url}\n`);
  return true;
}

export function hasKeptDatabases(): boolean {
  return kept.length > 0;
}
