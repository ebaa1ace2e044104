import { format } from 'oxfmt';
import options from '../../oxfmt.config.ts';

/** The text as `make format` would write it to `path`. Throws where the text is not of the kind that the path's ending says. */
export async function inForm(path: string, text: string): Promise<string> {
  const { code, errors } = await format(path, text, options);
  const [error] = errors;
  if (error) throw new Error(`${path}: ${error.message}`);
  return code;
}
