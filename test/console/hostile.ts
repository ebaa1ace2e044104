/** Names that a page has to show literally. */
export const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '</td></table><script>alert(1)</script>',
  `"' onmouseover="alert(1)`,
  '&lt;b&gt;&amp;',
  '$' + '{7*7}{{7*7}}',
  '\u200f'.repeat(256),
  '\u202egnp.exe',
  'x'.repeat(10_000),
  'javascript:alert(1)',
  '\0\u0007\u2028',
];
