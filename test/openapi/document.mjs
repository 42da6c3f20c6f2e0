// Loads openapi.yaml and finds things in it: operations, responses, validators. Nothing here knows about offboarding.
import { readFileSync } from 'node:fs';

import ajv2020 from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { parse } from 'yaml';

export const documentPath = new URL('../../openapi.yaml', import.meta.url);
export const document = parse(readFileSync(documentPath, 'utf8'));

/** The words that a description explains: those of its items `* \`word\`: …`. */
export const explainedIn = (description) => [...description.matchAll(/^\* `([a-z][a-z0-9_-]*)`: ./gm)].map((found) => found[1]);
/** The codes of a step. The set is open for callers; what the gateway itself says is explained. */
export const explainedCodes = explainedIn(document.components.schemas.Step.properties.code.description);

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const ajv = new ajv2020.default({
  allErrors: true, strict: true, strictTypes: false, strictRequired: false, validateSchema: false,
});
ajvFormats.default(ajv);
ajv.addVocabulary(['example', ...Object.keys(document)]); // so that strict mode minds the schemas, not the document
ajv.addSchema(document, 'openapi');

const escape = (token) => encodeURIComponent(String(token).replaceAll('~', '~0').replaceAll('/', '~1'));
const pointerOf = (tokens) => '#/' + tokens.map(escape).join('/');

/** Follows `$ref`: the object behind it and where that stands in the document. */
export function resolve(node, tokens) {
  while (node?.$ref?.startsWith('#/')) {
    tokens = node.$ref.slice(2).split('/').map((t) => decodeURIComponent(t).replaceAll('~1', '/').replaceAll('~0', '~'));
    node = tokens.reduce((at, t) => at?.[t], document);
    if (node === undefined) throw new Error(`openapi.yaml: nothing at ${pointerOf(tokens)}`);
  }
  return { node, tokens };
}

function readable(error) {
  const where = error.instancePath || '(body)';
  const more = error.params.additionalProperty ?? error.params.allowedValues?.join('|') ?? error.params.allowedValue;
  return `${where} ${error.message}${more === undefined ? '' : `: ${more}`}`;
}

/** Faults of `value` against the schema that stands at `tokens` in the document, as sentences. */
export function faultsOf(value, tokens) {
  const { node, tokens: at } = resolve(tokens.reduce((n, t) => n?.[t], document), tokens);
  if (Array.isArray(node.oneOf) && Object.keys(node).length === 1) {
    const branches = node.oneOf.map((_, i) => faultsOf(value, [...at, 'oneOf', i]));
    const fitting = branches.filter((b) => b.length === 0).length;
    if (fitting === 1) return [];
    if (fitting > 1) return ['(body) fits more than one of the alternatives'];
    return branches.reduce((best, b) => (b.length < best.length ? b : best));
  }
  const validate = ajv.getSchema('openapi' + pointerOf(at));
  if (!validate) throw new Error(`openapi.yaml: no schema at ${pointerOf(at)}`);
  return validate(value) ? [] : validate.errors.filter((e) => e.keyword !== 'if').map(readable);
}

/** The path of the document that `path` (concrete, a query tolerated) belongs to; undefined when there is none. */
export function templateOf(path) {
  const asked = path.split('?')[0].split('/');
  const fits = (template) => {
    const parts = template.split('/');
    return parts.length === asked.length && parts.every((p, i) => (/^\{.*\}$/.test(p) ? asked[i] !== '' : p === asked[i]));
  };
  const all = Object.keys(document.paths).filter(fits);
  return all.find((t) => !t.includes('{')) ?? all[0];
}

/** The documented methods of a path of the document, in capitals. */
export const methodsOf = (template) =>
  Object.keys(document.paths[template]).filter((m) => methods.includes(m)).map((m) => m.toUpperCase());

/** True for a path of the admin listener. */
export const isAdmin = (template) => document.paths[template].servers !== undefined;

/** Where an operation stands, or undefined. */
export function operationAt(template, method) {
  const m = method.toLowerCase();
  return template && methods.includes(m) && document.paths[template][m] ? ['paths', template, m] : undefined;
}

/** The response documented for a status of an operation, or undefined. */
export function responseAt(operation, status) {
  const tokens = [...operation, 'responses', String(status)];
  const node = tokens.reduce((n, t) => n?.[t], document);
  return node && resolve(node, tokens);
}
