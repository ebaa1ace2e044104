// /redoc: ReDoc over the document of this process.
import { loadDocument } from './document.js';

const { document: spec } = await loadDocument();
const options = {
  hideDownloadButton: true,
  // Descriptions come from the configuration: no HTML of theirs that could do something.
  untrustedSpec: true,
  theme: {
    typography: { fontFamily: 'system-ui, sans-serif', headings: { fontFamily: 'system-ui, sans-serif' } },
  },
};
globalThis.Redoc.init(spec, options, document.getElementById('page'), () => {
  document.body.dataset.ready = 'yes';
});
