// The types of the API as the console uses them: from the API document alone, as any client would make them.
// Only what an operator's page can ask is taken, without texts and without refusals, which all have one form.
import openapiTypescript, { astToString } from 'openapi-typescript';

const HEAD = '// Made from docs/openapi.json by cli/development/openapi.ts; do not edit it.\n\n';

/** What programs send and pages do not. */
const NOT_FOR_PAGES = /\/(webhooks|import)\b|openapi|asyncapi|^\/(health|ready)/;

/** Members that say nothing about a type. */
const TEXTS = new Set(['description', 'summary', 'example', 'examples', 'headers', 'tags', 'title']);

type Node = Record<string, unknown>;

/** The whole text of console/api-types.ts. */
export async function apiTypes(document: object): Promise<string> {
  const nodes = await openapiTypescript(JSON.stringify(slim(document)), {
    alphabetize: false,
    emptyObjectsUnknown: true,
  });
  return (
    HEAD +
    astToString(nodes).replaceAll(
      /^\s*(put|post|delete|options|head|patch|trace|get|query|header|path|cookie|requestBody)\?: never;\n/gm,
      '',
    )
  );
}

function slim(document: object): object {
  const { openapi, info, paths, components } = document as {
    openapi: string;
    info: Node;
    paths: Node;
    components: Node;
  };
  const kept = Object.entries(paths).filter(([path]) => !NOT_FOR_PAGES.test(path));
  return {
    openapi,
    info,
    paths: bare(Object.fromEntries(kept)),
    components: bare({ ...components, headers: undefined }),
  };
}

/** The same without texts; of answers only those that say yes. */
function bare(value: unknown, isNames = false): unknown {
  if (Array.isArray(value)) return value.map((each) => bare(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => isNames || !TEXTS.has(name))
      .map(([name, inner]) => [
        name,
        name === 'responses' ? accepted(inner) : bare(inner, name === 'properties'),
      ]),
  );
}

function accepted(responses: unknown): unknown {
  const good = Object.entries(responses as Node).filter(([status]) => /^2/.test(status));
  return Object.fromEntries(
    good.map(([status, answer]) => [status, { description: '', ...(bare(answer) as Node) }]),
  );
}
