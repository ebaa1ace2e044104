/**
 * Sentences about wrong settings: what is wrong, where it is set, how to fix it. No secret is
 * shown.
 */
import type { Setting } from './schema.ts';
import type { UnknownSetting } from './unknown.ts';
import { redact } from '../redact.ts';
import { secretForms } from './secret-forms.ts';

export function describeUnknown({ name, suggestion }: UnknownSetting, place: string): string {
  const fix =
    suggestion === undefined
      ? 'Remove it, or add its name to TWINBOX_IGNORE if another program uses it'
      : `Did you mean ${suggestion}? If another program uses it, add its name to TWINBOX_IGNORE`;
  return `${name} (${place}) is not a setting of Twinbox. ${fix}`;
}

export type WrongSetting = {
  name: string;
  setting: Setting;
  text: string;
  /** The items of a list. */
  items: unknown;
  /** `in the environment`, `in .env`. */
  place: string;
};

export function describeWrong(wrong: WrongSetting): string {
  const { name, setting, text, place } = wrong;
  const shown = setting.secret === true ? 'has a value that' : `is ${JSON.stringify(redact(text))}, which`;
  const what = whyOfForm(wrong) ?? ` ${shown} is not ${setting.expects}${hintFor(setting, text)}`;
  return `${name} (${place})${what}. For example: ${name}=${setting.example}`;
}

/**
 * Why a secret is refused by the rule of its form. Of several secrets the first wrong one is named.
 */
function whyOfForm({ setting, text, items }: WrongSetting): string | null {
  const name = setting.format ?? setting.items?.format;
  if (name === undefined) return null;
  const texts = Array.isArray(items) ? items.map(String) : [text];
  const reasons = texts.map(secretForms[name]);
  const at = reasons.findIndex((why) => why !== null);
  const which = texts.length > 1 ? `: value ${at + 1} of ${texts.length}` : '';
  return `${which} ${reasons[at] ?? 'is wrong'}. It takes ${setting.expects}`;
}

function hintFor(setting: Setting, text: string): string {
  if (/^(["'`\u2018-\u201f]).*["'`\u2018-\u201f]$/.test(text)) return '. Leave out the quotation marks';
  // A value like tcp://10.0.0.1:8000 is an address that Kubernetes sets, where a port or a number
  // is expected.
  if (setting.secret !== true && /^(tcp|udp):\/\//.test(text))
    return '. Kubernetes sets this variable for a service of that name: set enableServiceLinks to false';
  return '';
}
