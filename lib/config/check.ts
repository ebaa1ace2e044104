// Whether each setting that is given has the form that schema.ts demands.
import type { Ajv, ValidateFunction } from 'ajv';
import { createAjv } from '../catalogue/load-ajv.ts';
import { settings, type Setting, type SettingName } from './schema.ts';
import { secretForms } from './secret-forms.ts';

/**
 * Converts texts to numbers and fills in defaults. Only the settings that are given are checked, each by its part of the
 * schema: to compile the whole of it takes a fifth of the time of a command that reads one row.
 */
export function findWrong(values: Record<string, unknown>): (readonly [SettingName, Setting])[] {
  const wrong = settings.filter(([name, setting]) => name in values && !checkOf(name, setting)(values));
  for (const [name, setting] of settings) if (setting.default !== undefined) values[name] ??= setting.default;
  return wrong;
}

let checker: Ajv | undefined;
const checks = new Map<SettingName, ValidateFunction>();

/** Of the object that has the setting, since a check can convert only what is a part of something. */
function checkOf(name: SettingName, setting: Setting): ValidateFunction {
  const made = checks.get(name);
  if (made !== undefined) return made;
  const check = (checker ??= createChecker()).compile({ type: 'object', properties: { [name]: setting } });
  checks.set(name, check);
  return check;
}

function createChecker(): Ajv {
  const ajv = createAjv({ allErrors: true, coerceTypes: true, keywords: OWN_KEYWORDS });
  for (const [name, form] of Object.entries(secretForms)) ajv.addFormat(name, (text) => form(text) === null);
  return ajv;
}

const OWN_KEYWORDS = ['alike', 'group', 'secret', 'expects', 'example'];
