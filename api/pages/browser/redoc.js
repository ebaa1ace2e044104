// /redoc: ReDoc over the document of this process.
import { loadDocument } from './document.js';

const { document: spec } = await loadDocument();
const options = {
  hideDownloadButton: true,
  theme: {
    typography: { fontFamily: 'system-ui, sans-serif', headings: { fontFamily: 'system-ui, sans-serif' } },
  },
};
globalThis.Redoc.init(spec, options, document.getElementById('page'), () => {
  document.body.dataset.ready = 'yes';
});
