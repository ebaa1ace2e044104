import { targetsOf, type SourceFacts } from './source.ts';

/** A sentence for each circle of imports, types included. */
export function findCircles(files: readonly SourceFacts[]): string[] {
  return circlesOf(files).map((circle) => `${[...circle, circle[0]].join(' → ')}: ${RULE}`);
}

const RULE =
  'files never import one another in a circle, types included: move what they share into a file below them';

/** For each file the shortest path along its imports back to itself; each circle once. */
function circlesOf(files: readonly SourceFacts[]): string[][] {
  const known = new Set(files.map(({ path }) => path));
  const graph = new Map(
    files.map((file) => [file.path, targetsOf(file).filter((target) => known.has(target))]),
  );
  const circles = new Map<string, string[]>();
  for (const path of graph.keys()) {
    const circle = shortestCircle(graph, path);
    const name = circle?.toSorted().join(' ') ?? '';
    if (circle && !circles.has(name)) circles.set(name, circle);
  }
  return [...circles.values()];
}

function shortestCircle(graph: ReadonlyMap<string, readonly string[]>, start: string): string[] | null {
  const importers = new Map<string, string>();
  const reached = [start];
  // Files are added to the list while it is walked through: the nearest files come first.
  for (const path of reached) {
    for (const target of graph.get(path) ?? []) {
      if (target === start) return wayTo(path, importers);
      if (importers.has(target)) continue;
      importers.set(target, path);
      reached.push(target);
    }
  }
  return null;
}

function wayTo(end: string, importers: ReadonlyMap<string, string>): string[] {
  const way = [end];
  for (let path = importers.get(end); path !== undefined; path = importers.get(path)) way.unshift(path);
  return way;
}
