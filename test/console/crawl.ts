// Every page that links lead to, and what axe and a phone say of one page of each kind.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { match } from '../../console/matching.ts';
import { pages } from '../../console/routes.ts';

/** Of so many addresses: lists lead to ever more of the same. */
const MOST = 150;
/** Of one kind, such as customers, so many are looked at. */
const OF_A_KIND = 8;

/** One address for each kind of page; each that a link names answers, has one heading and no markup of a person. */
export async function crawl(origin: string, from: readonly string[]): Promise<string[]> {
  const seen = new Set<string>(from);
  const kinds = new Map<string, string[]>();
  for (const path of seen) {
    const kind = match(pages, new URL(path, origin).pathname)?.route.path ?? path;
    const those = kinds.get(kind) ?? [];
    if (those.length >= OF_A_KIND || seen.size > MOST) continue;
    kinds.set(kind, [...those, path]);
    const answer = await fetch(origin + path);
    const text = await answer.text();
    expect(answer.status, `${path}: ${text.slice(0, 200)}`).to.equal(200);
    // The document of the API is not one of our pages.
    if (!path.startsWith('/console')) continue;
    expect(text.match(/<h1[ >]/g)?.length, `headings of ${path}`).to.equal(1);
    expect(text, path).not.to.match(/<img|<script>|onerror="/);
    for (const [, to = ''] of text.matchAll(/<a [^>]*href="([^"#]*)/g))
      if (to.startsWith('/')) seen.add(to.replaceAll('&amp;', '&'));
      else expect(to, `a link of ${path}`).to.match(/^$|^\?/);
  }
  return [...kinds.values()].map(([first = '']) => first).filter((path) => path.startsWith('/console'));
}

type Finding = { id: string; nodes: { target: unknown[]; failureSummary?: string }[] };
type Report = { violations: Finding[]; passes: unknown[] };

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const MODES = [
  ['light', 1200],
  ['dark', 1200],
  ['light', 390],
] as const;

/** What is wrong with the page that is open, in light, dark and on a phone; and how many rules it passed. */
export async function examine(page: Page): Promise<{ findings: string[]; passed: number }> {
  const findings: string[] = [];
  let passed = 0;
  await page.evaluate(axe);
  for (const [colorScheme, width] of MODES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 844 });
    const { violations, passes } = await page.evaluate<Report>(
      `axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
    );
    passed += passes.length;
    const where = `${new URL(page.url()).pathname} ${colorScheme} ${width} px`;
    for (const { id, nodes } of violations)
      findings.push(`${where}: ${id} ${JSON.stringify(nodes[0]?.target)} ${nodes[0]?.failureSummary ?? ''}`);
    const wide = Number(await page.evaluate('document.documentElement.scrollWidth'));
    if (wide > width) findings.push(`${where}: scrolls sideways, ${wide} px`);
  }
  return { findings, passed };
}
