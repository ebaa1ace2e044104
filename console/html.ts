// HTML as a value. Whatever is put into a template is escaped, unless it is Html itself, and only a template
// makes Html: a text of a person or of a system cannot become markup.

class Made {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

export type Html = Made;

/** Nothing is drawn for null, undefined and false. */
export type Part = Html | string | number | null | undefined | false | readonly Part[];

/** `html\`<b>${name}</b>\``. Attributes have to be quoted where the template is written. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = texts[0] ?? '';
  parts.forEach((part, at) => (text += textOf(part) + (texts[at + 1] ?? '')));
  return new Made(text);
}

function textOf(part: Part): string {
  if (part instanceof Made) return part.toString();
  if (typeof part === 'string') return escape(part);
  if (typeof part === 'number') return String(part);
  return part ? part.map(textOf).join('') : '';
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  // A NUL is no character of HTML: a browser would leave it out.
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '').replaceAll('\0', '␀');
}
