// Holds live traffic to openapi.yaml. For system tests: call it on every exchange and expect an empty list.
//
//   import { checkRequest, checkResponse, documented } from '../openapi/contract.mjs';
//
//   checkRequest(path, method, body) -> string[]
//       Is this a request that the contract allows? `path` is concrete ('/offboard', '/offboard/01JD…'); `body` a parsed
//       value, or text, or a Buffer, or undefined. A test of a 400 expects faults here as well as the 400.
//
//   checkResponse(path, method, status, headers, body, context = {}) -> string[]
//       Is this the answer that the contract promises? `headers` is a fetch Headers, a Map, a plain object (as
//       node:http has it) or an array of [name, value]; `body` text, a Buffer, or a parsed value; '' or undefined
//       when there is none. Checked: the status is documented, the headers are there and well formed, no header of
//       ours is undocumented, media type, schema, and the invariants of the contract (see invariants.mjs).
//       A path or method that the document lacks must be answered with a documented problem (404, 405, …);
//       OPTIONS with 204 and Allow.
//       `context`, all optional, makes more comparable:
//         request  the body that was sent (parsed or text): count, order, `ref`s, identifiers, dry run, and the
//                  planned steps when it brought `steps`
//         plan     the plan's own text, as in the configuration, when the request named one or took the default
//         retried  true when a retry may have begun: a gate that shut before may stand beside steps that are OK since
//
//   documented() -> [{ path, method, statuses, admin }]
//       Everything that openapi.yaml describes, to compare with what a test run has seen.
//
// Every fault is a sentence beginning with the JSON Pointer or the name of the header; no value is repeated.
import { document, faultsOf, isAdmin, methodsOf, operationAt, resolve, responseAt, templateOf } from './document.mjs';
import { dryRunFaults, lookupFaults, operationFaults } from './invariants.mjs';

// Headers of HTTP itself, which the document has no reason to list, and ours that may be on any answer.
const ofHttp = new Set(['connection', 'content-encoding', 'content-length', 'content-type', 'date', 'keep-alive',
  'server', 'transfer-encoding', 'vary', 'etag', 'x-content-type-options']);
const ofOperations = new Set(['/offboard', '/offboard/{id}', '/offboard/{id}/retry', '/offboard/{id}/cancel']);
const anywhere = new Set(['cache-control', 'x-request-id', 'traceparent', 'ratelimit-policy', 'ratelimit']);

const textOf = (body) => (body === undefined || body === null ? '' : Buffer.isBuffer(body) ? body.toString('utf8') : body);

function parsed(body) {
  const text = textOf(body);
  return typeof text === 'string' ? JSON.parse(text) : text;
}

function headerMap(headers) {
  const pairs = typeof headers?.entries === 'function' && !Array.isArray(headers) ? [...headers.entries()]
    : Array.isArray(headers) ? headers : Object.entries(headers ?? {});
  return new Map(pairs.map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : String(value)]));
}

const mediaType = (headers) => (headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase();

export function documented() {
  return Object.keys(document.paths).flatMap((path) => methodsOf(path).map((method) => ({
    path, method, admin: isAdmin(path), statuses: Object.keys(document.paths[path][method.toLowerCase()].responses).map(Number),
  })));
}

export function checkRequest(path, method, body) {
  const template = templateOf(path);
  const operation = operationAt(template, method);
  if (!operation) return [`${method} ${template ?? 'of this path'} is not documented`];
  const content = document.paths[template][method.toLowerCase()].requestBody?.content;
  if (!content) return textOf(body) === '' ? [] : [`${method} ${template} takes no body`];
  let value;
  try {
    value = parsed(body);
  } catch {
    return ['(body) is not JSON'];
  }
  const faults = faultsOf(value, [...operation, 'requestBody', 'content', 'application/json', 'schema']);
  const refs = (Array.isArray(value?.customers) ? value.customers : []).map((c) => c?.ref).filter((r) => r !== undefined);
  if (new Set(refs).size !== refs.length) faults.push('/customers has a ref twice');
  return faults;
}

// Where the answer is described: at its operation; or, for what the document lacks, at one that any path can give.
function describedAt(template, method, status) {
  const operation = operationAt(template, method);
  if (operation) return responseAt(operation, status);
  if (status < 400) return undefined;
  if (template) return methodsOf(template).map((m) => responseAt(operationAt(template, m), status)).find((r) => r);
  if (status === 405) return undefined;
  return responseAt(operationAt('/offboard/{id}', method === 'HEAD' ? 'head' : 'get'), status);
}

function headerFaults(described, headers, template) {
  const faults = [];
  const known = new Set();
  for (const [name, header] of Object.entries(described.node.headers ?? {})) {
    known.add(name.toLowerCase());
    const { node, tokens } = resolve(header, [...described.tokens, 'headers', name]);
    const text = headers.get(name.toLowerCase());
    if (text === undefined) {
      if (node.required && !(template && isAdmin(template) && anywhere.has(name.toLowerCase()))) faults.push(`${name} is missing`);
      continue;
    }
    const numeric = resolve(node.schema, []).node.type === 'integer';
    const value = numeric && /^[0-9]+$/.test(text) ? Number(text) : text;
    faults.push(...faultsOf(value, [...tokens, 'schema']).map((f) => f.replace('(body)', name)));
  }
  for (const name of headers.keys()) {
    if (!known.has(name) && !ofHttp.has(name) && !anywhere.has(name)) faults.push(`${name} is not documented here`);
  }
  return faults;
}

// OPTIONS may be among them: HTTP has it for every resource, and the document does not list it.
function allowFaults(headers, template) {
  const allowed = (headers.get('allow') ?? '').split(',').map((m) => m.trim()).filter((m) => m !== 'OPTIONS').sort().join(', ');
  const expected = template ? methodsOf(template).sort().join(', ') : allowed;
  return allowed === expected ? [] : [`Allow is ${allowed || 'empty'}, not ${expected}`];
}

function problemFaults(problem, status, headers, described) {
  const faults = [];
  if (problem.status !== status) faults.push(`/status is not the ${status} of the answer`);
  const examples = described.node.content['application/problem+json'].examples ?? {};
  const types = Object.values(examples).map((e) => resolve(e, []).node.value.type);
  if (!types.includes(problem.type)) faults.push(`/type does not belong to ${status}: ${types.join('|')}`);
  const id = headers.get('x-request-id');
  if (id !== undefined && problem.instance !== `urn:offboard:request:${id}`) faults.push('/instance is not made of X-Request-Id');
  return faults;
}

function bodyFaults(described, headers, body) {
  const type = mediaType(headers);
  const content = described.node.content;
  if (!content[type]) return { faults: [`Content-Type is ${type || 'missing'}, not ${Object.keys(content).join('|')}`] };
  let value = textOf(body);
  if (/[/+]json$/.test(type)) {
    try {
      value = parsed(body);
    } catch {
      return { faults: ['(body) is not JSON'] };
    }
  }
  return { value, type, faults: faultsOf(value, [...described.tokens, 'content', type, 'schema']) };
}

export function checkResponse(path, method, status, headers, body, context = {}) {
  const map = headerMap(headers);
  const template = templateOf(path);
  if (method === 'OPTIONS' && status === 204) {
    return [...allowFaults(map, template), ...(textOf(body) === '' ? [] : ['(body) is there, and should not be'])];
  }
  const described = describedAt(template, method, status);
  if (!described) return [`${status} is not documented for ${method} ${template ?? 'of an unknown path'}`];

  const faults = headerFaults(described, map, template);
  if (status === 405 && map.has('allow')) {
    faults.push(...allowFaults(map, template));
  }
  if (method === 'HEAD' || !described.node.content) {
    if (textOf(body) !== '') faults.push('(body) is there, and should not be');
    return faults;
  }

  const { value, type, faults: ofBody } = bodyFaults(described, map, body);
  faults.push(...ofBody);
  if (ofBody.length > 0) return faults;
  if (type === 'application/problem+json') return [...faults, ...problemFaults(value, status, map, described)];
  if (template === '/readyz' && (value.status === 'ready') !== (status === 200)) faults.push('/status does not fit the HTTP status');
  if (template === '/offboard/lookup') return [...faults, ...lookupFaults(value)];
  if (!ofOperations.has(template)) return faults;

  const request = context.request === undefined ? undefined : parsed(context.request);
  if (value.dry_run) return [...faults, ...dryRunFaults(value, map, request)];
  return [...faults, ...operationFaults(value, { ...context, path, method, status, headers: map, request })];
}
