// Numbers with digits after the point, as text: a JavaScript number cannot hold each of them.

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/;

/** The most digits before the point. */
export const MAX_WHOLE_DIGITS = 30;

/**
 * `1.50` for `1.5` and `15e-1`, with scale 2: no exponent, no zeros before the number, as many
 * digits after the point as the scale says. Null if the text is no number, or has more digits that
 * count.
 */
export function toDecimal(text: string, scale: number): string | null {
  const [, sign, whole = '', part = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (sign === undefined || whole + part === '') return null;
  const point = whole.length + Number(exponent);
  const digits = whole + part;
  const before = (point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0')).replace(/^0+/, '') || '0';
  const after = (point < 0 ? '0'.repeat(-point) + digits : digits.slice(point)).replace(/0+$/, '');
  if (after.length > scale || before.length > MAX_WHOLE_DIGITS) return null;
  const unsigned = scale === 0 ? before : `${before}.${after.padEnd(scale, '0')}`;
  return sign === '-' && /[1-9]/.test(unsigned) ? `-${unsigned}` : unsigned;
}

/** The pattern of a decimal in JSON Schema, in what every dialect of patterns has. */
export function decimalPattern(scale: number): string {
  const whole = `-?(0|[1-9][0-9]{0,${MAX_WHOLE_DIGITS - 1}})`;
  return scale === 0 ? `^${whole}$` : `^${whole}(\\.[0-9]{1,${scale}})?$`;
}
