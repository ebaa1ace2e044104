// Pages for people who write against the API: /docs tries calls (Swagger UI), /redoc is for reading (ReDoc),
// /asyncapi shows the topics. They come from this process alone and work without any other host.
//
// A page has no data, so it needs no key. The document that it shows does, where the API needs one: the page
// asks for it, and keeps it until the tab is closed. It is never in an address.
//
// No script stands in a page, and none of another host is let in: a text of a document that is a script does
// not run. A <style> is let in by the hash of its whole text alone.

import { Router, type Request, type Response } from 'express';
import { Problem } from '../problems.ts';
import { declareRoute } from '../routing.ts';
import { createAssets, type Assets, type Files } from './assets.ts';

type Page = {
  path: string;
  title: string;
  /** The document that it shows. */
  document: string;
  /** In the order in which they are loaded; the last one is a module of ours. */
  scripts: readonly string[];
  styles: readonly string[];
  /** By its name in an address. */
  files: Files;
  /** What the page may use beside files of this process. */
  allowed?: Allowed;
};

type Allowed = {
  /** Hashes of the whole text of a <style>. */
  styles?: readonly string[];
  workers?: string;
};

/** The stylesheets of ReDoc are made by its script in a <style> without a text. */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";
/** The <style> of the scroll bars of redoc 2.5.4; another version may have another one. */
const SCROLLBAR_STYLE = "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";
const NO_IMAGE = 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E';

const ours = { 'document.js': './document.js', 'page.css': './page.css' };

const pages: readonly Page[] = [
  {
    path: '/docs',
    title: 'Twinbox API: try calls',
    document: '/openapi.json',
    scripts: ['swagger-ui-bundle.js', 'docs.js'],
    styles: ['swagger-ui.css', 'page.css'],
    files: {
      ...ours,
      'docs.js': './docs.js',
      'swagger-ui.css': 'swagger-ui-dist/swagger-ui.css',
      'swagger-ui-bundle.js': 'swagger-ui-dist/swagger-ui-bundle.js',
      'swagger-ui-bundle.js.LICENSE.txt': 'swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt',
    },
  },
  {
    path: '/redoc',
    title: 'Twinbox API: reference',
    document: '/openapi.json',
    scripts: ['redoc.standalone.js', 'redoc.js'],
    styles: ['page.css'],
    files: {
      ...ours,
      'redoc.js': './redoc.js',
      'redoc.standalone.js': {
        from: 'redoc/bundles/redoc.standalone.js',
        // The only thing that it would ask another host for: a logo.
        instead: ['https://cdn.redoc.ly/redoc/logo-mini.svg', NO_IMAGE],
      },
      'redoc.standalone.js.LICENSE.txt': 'redoc/bundles/redoc.standalone.js.LICENSE.txt',
    },
    allowed: {
      styles: [EMPTY_STYLE, SCROLLBAR_STYLE],
      // It searches in a worker that its script makes of a text.
      workers: 'blob:',
    },
  },
  {
    path: '/asyncapi',
    title: 'Twinbox: topics',
    document: '/asyncapi.json',
    scripts: ['asyncapi.js'],
    styles: ['page.css'],
    files: { ...ours, 'asyncapi.js': './asyncapi.js', 'schema.js': './schema.js' },
  },
];

function policyOf({ styles = [], workers = "'none'" }: Allowed): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    ["style-src 'self'", ...styles].join(' '),
    `worker-src ${workers}`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const YEAR_S = 31_536_000;

/** The pages, and the files that they consist of. */
export function pageRoutes(): Router {
  const router = Router({ caseSensitive: true });
  for (const page of pages) {
    const assets = createAssets(page.files);
    declareRoute(router, page.path, {
      get: ['open', (_req, res) => sendPage(res, page, assets)],
    });
    declareRoute(router, `${page.path}/:file`, {
      get: ['open', (req, res) => sendAsset(req, res, assets)],
    });
  }
  return router;
}

async function sendPage(res: Response, page: Page, assets: Assets): Promise<void> {
  const text = Buffer.from(await pageText(page, assets));
  res.setHeader('Content-Security-Policy', policyOf(page.allowed ?? {}));
  res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': text.length });
  res.end(text);
}

/** Every text in it is ours: none has to be escaped. */
async function pageText(page: Page, assets: Assets): Promise<string> {
  const address = async (name: string) => `${page.path}/${name}?v=${(await assets.read(name)).hash}`;
  const styles = await Promise.all(page.styles.map(address));
  const scripts = await Promise.all(page.scripts.map(address));
  const links = pages.map(({ path, title }) =>
    path === page.path ? `<strong>${title}</strong>` : `<a href="${path}">${title}</a>`,
  );
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${page.title}</title>`,
    '<link rel="icon" href="data:,">',
    ...styles.map((href) => `<link rel="stylesheet" href="${href}">`),
    ...scripts.slice(0, -1).map((src) => `<script src="${src}" defer></script>`),
    `<script src="${scripts.at(-1) ?? ''}" type="module"></script>`,
    '</head>',
    '<body>',
    `<nav>${links.join(' ')} <a href="${page.document}" id="source">${page.document}</a></nav>`,
    '<noscript>This page needs JavaScript. The document itself does not.</noscript>',
    `<main id="page" data-document="${page.document}"></main>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** An address with the hash of the file never has other bytes, so a browser may keep it. */
async function sendAsset(req: Request, res: Response, assets: Assets): Promise<void> {
  const name = String(req.params['file']);
  if (!assets.names.has(name))
    throw new Problem(
      'not_found',
      `This page has no such file. Its files are: ${[...assets.names].join(', ')}.`,
    );
  const { hash, type, bytes, packed } = await assets.read(name);
  const isPacked = /\bgzip\b/.test(req.get('Accept-Encoding') ?? '');
  const tag = `"${hash}${isPacked ? '-gzip' : ''}"`;
  const isExact = req.originalUrl.endsWith(`?v=${hash}`);
  res.setHeader('Cache-Control', isExact ? `public, max-age=${YEAR_S}, immutable` : 'no-cache');
  res.setHeader('ETag', tag);
  res.setHeader('Vary', 'Accept-Encoding');
  if (req.get('If-None-Match')?.includes(tag)) {
    res.writeHead(304);
    res.end();
    return;
  }
  const body = isPacked ? packed : bytes;
  if (isPacked) res.setHeader('Content-Encoding', 'gzip');
  res.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length });
  res.end(body);
}
