// /docs: Swagger UI over the document of this process. A key that the page was given is used for its calls.
import { loadDocument } from './document.js';

const { document: spec, key } = await loadDocument();
const ui = globalThis.SwaggerUIBundle({
  spec,
  dom_id: '#page',
  deepLinking: true,
  docExpansion: 'list',
  displayRequestDuration: true,
  // Nothing is asked of another host.
  validatorUrl: null,
  onComplete() {
    if (key !== null) ui.preauthorizeApiKey('key', key);
    document.body.dataset.ready = 'yes';
  },
});
