// /asyncapi: the topics, the messages on each, and the form of their values, from the document alone.
import { element, loadDocument } from './document.js';
import { follow, schemaList } from './schema.js';

const { document: api } = await loadDocument();
const page = document.getElementById('page');

page.append(
  element(
    'article',
    {},
    element('h1', {}, api.info.title),
    element('p', {}, api.info.description),
    element('ul', {}, ...Object.entries(api.channels).map(link)),
    ...Object.entries(api.channels).map(channelPart),
    element('h2', { id: 'messages' }, 'Messages'),
    ...Object.entries(api.components.messages).map(messagePart),
  ),
);
document.body.dataset.ready = 'yes';

function link([name, { address, description }]) {
  return element('li', {}, element('a', { href: `#${name}` }, address), ` ${description}`);
}

function channelPart([name, { address, description, messages }]) {
  const names = Object.values(messages).map((message) => follow(api, message).name);
  return element(
    'section',
    { id: name },
    element('h2', {}, address),
    element('p', {}, description),
    element(
      'ul',
      {},
      ...Object.keys(messages).map((key, at) =>
        element('li', {}, element('a', { href: `#${key}` }, names[at])),
      ),
    ),
  );
}

function messagePart([key, { name, summary, payload, headers, bindings, examples }]) {
  const { description, examples: keys } = bindings.kafka.key;
  return element(
    'section',
    { id: key },
    element('h3', {}, name),
    element('p', {}, summary),
    element('p', {}, 'Key: ', element('code', {}, description), ', such as ', element('code', {}, keys[0])),
    element('h4', {}, 'Value'),
    schemaList(api, payload),
    details('Headers', schemaList(api, headers)),
    ...examples.map(({ payload: value }) =>
      details('Example', element('pre', {}, JSON.stringify(value, null, 2))),
    ),
  );
}

function details(title, content) {
  return element('details', {}, element('summary', {}, title), content);
}
