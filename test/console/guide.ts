// The guided run of docs/console.md as steps: what a person opens, presses and types, and what the pages then say.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

export type Step =
  | { does: 'Open' | 'Press' | 'sees'; text: string }
  | { does: 'Type'; text: string; label: string };

/** "Open `/console`", "press `Pause`, then `Run`", "type `why` as the `reason`"; every other text in code is what is seen. */
export function readGuide(): Step[] {
  const page = readFileSync(new URL('../../docs/console.md', import.meta.url), 'utf8');
  const [, part = ''] = /## A guided run\n([\s\S]*?)(?=\n## )/.exec(page) ?? [];
  const lines = part
    .split(/\n(?=\d+\. )/)
    .slice(1)
    .map((line) => (line.split('\n\n')[0] ?? '').replaceAll(/\s+/g, ' '));
  return lines.flatMap((line) =>
    [...line.matchAll(/(?:(open|press|then|type) )?`([^`]+)`(?: as the `([^`]+)`)?/gi)].map(
      ([, verb = '', text = '', label]): Step => {
        if (label !== undefined) return { does: 'Type', text, label };
        return { does: /open/i.test(verb) ? 'Open' : /press|then/i.test(verb) ? 'Press' : 'sees', text };
      },
    ),
  );
}

export async function follow(page: Page, origin: string, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    const { does, text } = step;
    if (does === 'Open') await page.goto(origin + text);
    else if (does === 'Press') await press(page, text);
    else if (does === 'Type') await page.getByLabel(step.label).first().fill(text);
    else await page.locator('main').getByText(text).first().waitFor();
  }
}

/** A link or a button, wherever it stands. */
export async function press(page: Page, name: string): Promise<void> {
  const link = page.getByRole('link', { name });
  await link.or(page.getByRole('button', { name })).first().click();
}
