// Loads the document of a page, and asks for a key where the API needs one.

const STORED = 'twinbox-key';
const page = document.getElementById('page');

/** What the page shows, and the key with which it was read; null if none is needed. */
export async function loadDocument() {
  for (;;) {
    const key = sessionStorage.getItem(STORED);
    const answer = await ask(key);
    if (answer.document !== undefined) return { document: answer.document, key };
    if (answer.status !== 0) sessionStorage.removeItem(STORED);
    await askForKey(answer, key);
  }
}

/** An element with its attributes and children; a text is never read as HTML. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

async function ask(key) {
  try {
    const headers = key === null ? {} : { Authorization: `Bearer ${key}` };
    const response = await fetch(page.dataset.document, { headers });
    const said = await response.json();
    if (response.ok) return { document: said };
    return { status: response.status, detail: said.detail ?? `The answer was ${response.status}.` };
  } catch {
    return { status: 0, detail: 'The API did not answer.' };
  }
}

function askForKey({ status, detail }, key) {
  const first = status === 401 && key === null;
  return new Promise((resolve) => {
    const input = element('input', {
      type: 'password',
      name: 'key',
      autocomplete: 'off',
      'aria-label': 'Key',
    });
    if (status === 0 && key !== null) input.value = key;
    const form = element(
      'form',
      { id: 'key' },
      element('p', {}, first ? 'This API needs a key with the scope viewer, or a higher one.' : detail),
      input,
      element('button', {}, status === 0 ? 'Try again' : 'Use this key'),
      element('p', {}, 'The key is kept in this tab until you close it.'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const given = input.value.trim();
      if (given !== '') sessionStorage.setItem(STORED, given);
      page.replaceChildren();
      resolve();
    });
    page.replaceChildren(form);
    input.focus();
  });
}
