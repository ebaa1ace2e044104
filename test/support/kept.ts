/** Databases of failed tests, kept for a look at them when KEEP=1 is set. */
const kept: string[] = [];

/** Whether it is to be kept; says where it is. */
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
