// A collector of traces on loopback that holds every byte it receives to OTLP/HTTP in JSON (opentelemetry-proto 1.x,
// ExportTraceServiceRequest): what it does not know, what has the wrong type, and what stands twice are faults. The
// attributes of spans are held to OpenTelemetry's conventions for HTTP, and to what may be told of a person: nothing.
import { once } from 'node:events';
import http from 'node:http';

import ajv2020 from 'ajv/dist/2020.js';

const hex = (digits) => ({ type: 'string', pattern: `^(?!0+$)[0-9a-f]{${digits}}$` });
const uint64 = { type: 'string', pattern: '^(0|[1-9][0-9]{0,19})$' };
const uint32 = { type: 'integer', minimum: 0, maximum: 4294967295 };
const text = { type: 'string', minLength: 1 };
const object = (properties, required = []) => ({ type: 'object', properties, required, additionalProperties: false });
const list = (items) => ({ type: 'array', items });

const value = {
  type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: false,
  properties: { stringValue: { type: 'string' }, boolValue: { type: 'boolean' }, intValue: { type: 'string', pattern: '^-?[0-9]{1,19}$' }, doubleValue: { type: 'number' } },
};
const attributes = list(object({ key: text, value }, ['key', 'value']));
const dropped = { droppedAttributesCount: uint32 };
const schema = object({
  resourceSpans: { ...list(object({
    resource: object({ attributes, ...dropped }, ['attributes']),
    scopeSpans: { ...list(object({
      scope: object({ name: text, version: text, attributes, ...dropped }, ['name']),
      spans: { ...list(object({
        traceId: hex(32), spanId: hex(16), parentSpanId: hex(16), traceState: { type: 'string' }, flags: uint32, name: text,
        kind: { enum: [1, 2, 3, 4, 5] }, startTimeUnixNano: uint64, endTimeUnixNano: uint64, attributes, ...dropped,
        events: list({}), droppedEventsCount: uint32,
        links: list(object({ traceId: hex(32), spanId: hex(16), traceState: { type: 'string' }, attributes, ...dropped, flags: uint32 }, ['traceId', 'spanId'])),
        droppedLinksCount: uint32, status: object({ message: { type: 'string' }, code: { enum: [0, 1, 2] } }),
      }, ['traceId', 'spanId', 'name', 'kind', 'startTimeUnixNano', 'endTimeUnixNano'])), minItems: 1, maxItems: 512 },
      schemaUrl: { type: 'string' },
    }, ['scope', 'spans'])), minItems: 1 },
    schemaUrl: { type: 'string' },
  }, ['resource', 'scopeSpans'])), minItems: 1 },
}, ['resourceSpans']);
const isExport = new ajv2020.default({ allErrors: true, strict: true }).compile(schema);

const facts = (list = []) => Object.fromEntries(list.map(({ key, value: v }) => [key, 'intValue' in v ? Number(v.intValue) : Object.values(v)[0]]));
const SERVER = 2;
const CLIENT = 3;

// By kind of span: what must be there, and with it all that may be.
const conventions = {
  [SERVER]: {
    required: ['http.request.method', 'http.response.status_code', 'url.scheme', 'offboard.request_id'],
    allowed: ['http.route', 'error.type', 'offboard.operation'],
  },
  [CLIENT]: {
    required: ['http.request.method', 'url.full', 'url.template', 'server.address', 'server.port', 'offboard.vendor'],
    allowed: ['http.response.status_code', 'error.type', 'http.request.resend_count', 'offboard.step', 'offboard.customers', 'offboard.operations'],
  },
};

/** What is wrong with one span beyond the schema. */
function faultsOf(span, received) {
  const faults = [];
  const wrong = (what) => faults.push(`span ${span.name}: ${what}`);
  const known = conventions[span.kind];
  if (!known) return [`span ${span.name}: kind ${span.kind}`];
  const keys = (span.attributes ?? []).map((a) => a.key);
  const has = facts(span.attributes);
  if (new Set(keys).size !== keys.length) wrong('an attribute stands twice');
  for (const key of known.required) if (!(key in has)) wrong(`${key} is missing`);
  for (const key of keys) if (!known.required.includes(key) && !known.allowed.includes(key)) wrong(`${key} is not expected`);
  // A call says whom it serves; the request for its token serves the call.
  const served = ['offboard.step', 'offboard.customers', 'offboard.operations'].filter((key) => key in has).length;
  if (span.kind === CLIENT && served !== (/token/.test(has['url.template']) ? 0 : 3)) wrong('it does not say whom it serves, or should not');
  const template = span.kind === SERVER ? has['http.route'] : has['url.template'];
  const method = has['http.request.method'] === '_OTHER' ? 'HTTP' : has['http.request.method'];
  if (span.name !== (template === undefined ? method : `${method} ${template}`)) wrong('the name is not method and template');
  if (span.kind === CLIENT && /[?#]/.test(has['url.full'])) wrong('url.full has a query');
  const [begun, ended] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)];
  if (begun > ended) wrong('it ends before it begins');
  if (ended > BigInt(received + 60_000) * 1_000_000n || begun < BigInt(received - 3_600_000) * 1_000_000n) wrong('its time is not of today');
  if ((span.status?.code === 2) !== ('error.type' in has)) wrong('status and error.type differ');
  if (!(span.flags & 1)) wrong('it is not sampled');
  if (span.kind === CLIENT && span.links?.length && span.parentSpanId) wrong('it has links and a parent');
  for (const link of span.links ?? []) if (link.spanId === span.spanId) wrong('it links to itself');
  return faults;
}

export class Collector {
  /** `answer(response, n)` ends the n-th exchange, from 0; without it every export is taken. */
  static async start(answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}')) {
    const collector = new Collector();
    collector.bodies = [];
    collector.headers = [];
    collector.faults = [];
    collector.spans = [];
    collector.waiting = new Set();
    collector.server = http.createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('error', () => {});
      request.on('end', () => {
        const taken = collector.bodies.length;
        collector.receive(request, Buffer.concat(chunks).toString('utf8'));
        answer(response, taken);
      });
    });
    collector.server.listen(0, '127.0.0.1');
    await once(collector.server, 'listening');
    collector.port = collector.server.address().port;
    return collector;
  }

  get url() { return `http://127.0.0.1:${this.port}/v1/traces`; }

  receive(request, body) {
    this.bodies.push(body);
    this.headers.push(request.headers);
    if (request.method !== 'POST' || request.url !== '/v1/traces') this.faults.push(`${request.method} ${request.url}`);
    if (request.headers['content-type'] !== 'application/json') this.faults.push('not application/json');
    try {
      const sent = JSON.parse(body);
      if (!isExport(sent)) this.faults.push(...isExport.errors.map((e) => `${e.instancePath} ${e.message}`));
      else this.keep(sent);
    } catch (error) {
      this.faults.push(String(error));
    }
    for (const waiter of [...this.waiting]) waiter();
  }

  keep(sent) {
    const now = Date.now();
    for (const { resource, scopeSpans } of sent.resourceSpans) {
      const of = facts(resource.attributes);
      for (const key of ['service.name', 'service.version', 'service.instance.id']) if (!of[key]) this.faults.push(`${key} is missing`);
      this.resource = of;
      for (const { spans } of scopeSpans) {
        for (const span of spans) {
          this.faults.push(...faultsOf(span, now));
          if (this.spans.some((s) => s.spanId === span.spanId && s.traceId === span.traceId)) this.faults.push('a span came twice');
          this.spans.push({ ...span, facts: facts(span.attributes) });
        }
      }
    }
  }

  server_spans() { return this.spans.filter((s) => s.kind === SERVER); }
  client_spans() { return this.spans.filter((s) => s.kind === CLIENT && 'offboard.step' in s.facts); }
  token_spans() { return this.spans.filter((s) => s.kind === CLIENT && !('offboard.step' in s.facts)); }

  /** Waits until so many exports have come. */
  exported(n = 1) {
    return new Promise((done) => {
      const waiter = () => {
        if (this.bodies.length < n) return;
        this.waiting.delete(waiter);
        done();
      };
      this.waiting.add(waiter);
      waiter();
    });
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((closed) => this.server.close(closed));
  }
}
