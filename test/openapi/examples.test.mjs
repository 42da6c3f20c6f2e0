// Every example of openapi.yaml is what the document says it is, and broken ones are found out.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkRequest, checkResponse, documented } from './contract.mjs';
import { document, faultsOf, resolve } from './document.mjs';

const requestId = '01JD2M7Q0Q6F1B7Y3ZK8W5R0TM';
const operationId = '01JD2M7Q0R8W2C5V9T3K6H4XNB';
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01';
const valueOf = (name) => structuredClone(document.components.examples[name].value);

const subscriptionCancelled = {
  mention_me: { lapse: {} },
  capillary: {
    revoke: [{ program_id: 2714, promotion_id: '202779', kind: 'enrol_and_issue' }],
    delink: { partner_programs: ['1stProgram', 'p3e1'] },
  },
};
const common = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'X-Request-Id': requestId, traceparent };
// Texts for people and browsers; an example of one would be one.
const documents = new Set(['application/yaml', 'text/html', 'text/javascript', 'text/css']);

// The headers a faultless answer would have: every documented one, with its own example as the value.
function headersOf(response, type, path, dryRun) {
  const headers = { 'content-type': type };
  for (const [name, header] of Object.entries(response.headers ?? {})) headers[name] = String(resolve(header, []).node.example);
  if (dryRun) delete headers['Content-Location'];
  if (headers.Allow) headers.Allow = documented().filter((d) => d.path === path).map((d) => d.method).join(', ');
  return headers;
}

for (const { path, method, statuses } of documented()) {
  const operation = document.paths[path][method.toLowerCase()];
  const concrete = path.replace('{id}', operationId).replace('{file}', 'page.css');

  const request = operation.requestBody?.content['application/json'].examples ?? {};
  for (const [name, example] of Object.entries(request)) {
    test(`${method} ${path}: request ${name} is valid`, () => {
      assert.deepEqual(checkRequest(concrete, method, resolve(example, []).node.value), []);
    });
  }

  for (const status of statuses) {
    const { node: response } = resolve(operation.responses[status], []);
    if (!response.content) {
      test(`${method} ${path}: ${status} without a body is valid`, () => {
        assert.deepEqual(checkResponse(concrete, method, status, headersOf(response, '', path), ''), []);
      });
      continue;
    }
    for (const [type, { examples }] of Object.entries(response.content)) {
      if (documents.has(type)) continue;
      test(`${method} ${path}: ${status} has an example`, () => assert.ok(Object.keys(examples ?? {}).length > 0));
      for (const [name, example] of Object.entries(examples ?? {})) {
        test(`${method} ${path}: ${status} ${name} is valid`, () => {
          const { value } = resolve(example, []).node;
          assert.deepEqual(checkResponse(concrete, method, status, headersOf(response, type, path, value.dry_run), value), []);
        });
      }
    }
  }
}

test('every schema of the document compiles', () => {
  for (const name of Object.keys(document.components.schemas)) faultsOf({}, ['components', 'schemas', name]);
});

test('an answer fits the request it belongs to', () => {
  const headers = { ...common, 'Content-Location': `/offboard/${operationId}` };
  const context = { request: JSON.stringify(valueOf('RequestNamedPlan')), plan: subscriptionCancelled };
  assert.deepEqual(checkResponse('/offboard', 'POST', 207, headers, JSON.stringify(valueOf('OperationPartial')), context), []);
});

const brokenRequests = {
  'a misspelt option': (r) => { r.options.dryrun = true; },
  'a misspelt identifier': (r) => { r.customers[0].identifiers.mail = 'jo@example.com'; },
  'an unknown member of a customer': (r) => { r.customers[0].name = 'Jo'; },
  'plan together with steps': (r) => { r.steps = { mention_me: { lapse: {} } }; },
  'empty steps': (r) => { delete r.plan; r.steps = {}; },
  'no customers': (r) => { r.customers = []; },
  '1,001 customers': (r) => { r.customers = Array(1001).fill({ identifiers: { email: 'jo@example.com' } }); },
  'a ref of 129 characters': (r) => { r.customers[0].ref = 'x'.repeat(129); },
  'a ref twice': (r) => { r.customers[1].ref = r.customers[0].ref; },
  'an empty identifier': (r) => { r.customers[0].identifiers.email = ''; },
  'an identifier of 257 characters': (r) => { r.customers[0].identifiers.email = 'x'.repeat(257); },
  'a control character': (r) => { r.customers[0].identifiers.email = 'jo\n@example.com'; },
  'a mobile with a dash': (r) => { r.customers[0].identifiers.mobile = '9198-0000'; },
  'empty earn_ids': (r) => { r.customers[1].earn_ids = []; },
  'an earn id that is text': (r) => { r.customers[1].earn_ids = ['960']; },
  'an erase gate nobody knows': (r) => { r.options.erase_gate = 'open'; },
  '51 partner programmes': (r) => { delete r.plan; r.steps = { capillary: { delink: { partner_programs: Array.from({ length: 51 }, (_, i) => `p${i}`) } } }; },
  'a promotion named both ways': (r) => {
    delete r.plan;
    r.steps = { capillary: { revoke: [{ program_id: 1, promotion_id: '2', promo_identifier: 'x', kind: 'direct_issue' }] } };
  },
  'a field nobody can keep': (r) => { delete r.plan; r.steps = { billing: { forget: { keep: ['shoe_size'] } } }; },
};
for (const [name, breakIt] of Object.entries(brokenRequests)) {
  test(`a request with ${name} is found out`, () => {
    const request = valueOf('RequestNamedPlan');
    breakIt(request);
    assert.notDeepEqual(checkRequest('/offboard', 'POST', request), []);
  });
}

const brokenAnswers = {
  'an undocumented member': (o) => { o.joined = true; },
  'an undocumented member of a step': (o) => { o.customers[0].steps[0].after = []; },
  'a step status of its own': (o) => { o.customers[0].steps[0].status = 'done'; },
  'a step name of its own': (o) => { o.customers[0].steps[0].step = 'mention_me.purge'; },
  'a customer too few': (o) => { o.customers.pop(); },
  'customers in another order': (o) => { o.customers.reverse(); },
  'a summary that is no recount': (o) => { o.summary.steps.succeeded += 1; },
  'a customer status that does not follow': (o) => { o.customers[1].status = 'ok'; o.summary.ok = 2; o.summary.partial = 0; },
  'a status that does not fit 207': (o) => { o.status = 'ok'; },
  'a step twice': (o) => { o.customers[0].steps[4] = o.customers[0].steps[3]; },
  'a step that was not planned': (o) => { o.customers[0].steps[4].target.partner_program = 'other'; },
  'a gate that was not shut': (o) => { o.customers[0].steps[2].attempts = 1; o.customers[0].steps[1].status = 'failed'; },
  'blocked_by a step that is OK': (o) => { o.customers[1].steps[2].blocked_by = ['mention_me.lapse']; },
  'an identifier that was changed': (o) => { o.customers[0].steps[0].identifier.value = 'JO@example.com'; },
  'an identifier of second choice': (o) => { o.customers[0].steps[1].identifier = { type: 'mobile', value: '919800000000' }; },
  'a ref of another customer': (o) => { o.customers[0].ref = 'crm-9002'; },
  'no settled_at': (o) => { delete o.settled_at; },
  'a revoke without target': (o) => { delete o.customers[0].steps[1].target; },
  'another id than its resource': (o) => { o.id = requestId; },
};
for (const [name, breakIt] of Object.entries(brokenAnswers)) {
  test(`an answer with ${name} is found out`, () => {
    const answer = valueOf('OperationPartial');
    breakIt(answer);
    const context = { request: valueOf('RequestNamedPlan'), plan: subscriptionCancelled };
    const headers = { ...common, 'Content-Location': `/offboard/${operationId}` };
    assert.notDeepEqual(checkResponse('/offboard', 'POST', 207, headers, answer, context), []);
  });
}

const problem = { ...common, 'Content-Type': 'application/problem+json' };
const ok = { ...common, 'Content-Location': `/offboard/${operationId}` };
const without = (headers, name) => Object.fromEntries(Object.entries(headers).filter(([n]) => n !== name));
const brokenExchanges = [
  ['an undocumented status', 'GET', 418, problem, valueOf('ProblemInternal')],
  ['a status that contradicts the body', 'POST', 200, ok, valueOf('OperationPartial')],
  ['a 202 without Location', 'POST', 202, { ...common, 'Retry-After': '2' }, valueOf('OperationPending')],
  ['a Retry-After that is no number', 'POST', 503, { ...problem, 'Retry-After': 'soon' }, valueOf('ProblemDraining')],
  ['a 503 without Retry-After', 'POST', 503, problem, valueOf('ProblemDraining')],
  ['a 405 that lies about Allow', 'DELETE', 405, { ...problem, Allow: 'GET' }, valueOf('ProblemMethodNotAllowed')],
  ['an answer that may be cached', 'POST', 200, { ...ok, 'Cache-Control': 'public' }, valueOf('OperationOk')],
  ['no X-Request-Id', 'POST', 200, without(ok, 'X-Request-Id'), valueOf('OperationOk')],
  ['a header nobody documented', 'POST', 200, { ...ok, 'X-Vendor': 'x' }, valueOf('OperationOk')],
  ['another media type', 'POST', 200, { ...ok, 'Content-Type': 'text/html' }, valueOf('OperationOk')],
  ['a problem as plain JSON', 'POST', 400, common, valueOf('ProblemBadRequest')],
  ['a problem type of another status', 'POST', 400, problem, { ...valueOf('ProblemNotFound'), status: 400 }],
  ['a problem that belies its status', 'POST', 400, problem, { ...valueOf('ProblemBadRequest'), status: 500 }],
  ['an instance of another request', 'POST', 400, { ...problem, 'X-Request-Id': operationId }, valueOf('ProblemBadRequest')],
  ['validation without errors', 'POST', 400, problem, { ...valueOf('ProblemValidation'), errors: undefined }],
  ['a pointer that is none', 'POST', 400, problem,
    { ...valueOf('ProblemValidation'), errors: [{ pointer: 'customers', detail: 'x' }] }],
  ['text that is not JSON', 'POST', 200, ok, '{'],
  ['a dry run with a resource', 'POST', 200, ok, valueOf('DryRunAnswer')],
];
for (const [name, method, status, headers, body] of brokenExchanges) {
  test(`${name} is found out`, () => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    assert.notDeepEqual(checkResponse('/offboard', method, status, headers, text), []);
  });
}

// The lapse failed and shut the gate, the delink was stopped, then the lapse was retried.
const retried = (delink) => {
  const answer = valueOf('OperationFailed');
  const [lapse, forget] = answer.customers[0].steps;
  const { retryable, ...mended } = { ...lapse, status: 'accepted', code: 'queued', attempts: 3 };
  const identifier = { type: 'email', value: 'jo@example.com' };
  answer.customers[0].steps = [mended, { step: 'capillary.delink', identifier, target: { partner_program: 'p3e1' }, ...delink }, forget];
  answer.status = answer.customers[0].status = 'partial';
  Object.assign(answer.summary, { partial: 1, failed: 0 });
  Object.assign(answer.summary.steps, { failed: 0, accepted: 1, [delink.status]: 1 });
  return answer;
};
test('after a retry a gate may have been shut by what is OK now, while another step keeps it shut', () => {
  const path = `/offboard/${operationId}/retry`;
  const stopped = retried({ status: 'cancelled', code: 'cancelled', attempts: 0 });
  assert.deepEqual(checkResponse(path, 'POST', 207, ok, stopped, { retried: true }), []);
  assert.notDeepEqual(checkResponse(path, 'POST', 207, ok, stopped), []);
  const done = retried({ status: 'succeeded', code: 'delinked', attempts: 1 });
  assert.deepEqual(checkResponse(path, 'POST', 207, ok, done, { retried: true }), ['/customers/0/steps/2 is behind a gate that nothing keeps shut']);
});

test('a command is answered with the operation that the path names', () => {
  assert.notDeepEqual(checkResponse(`/offboard/${requestId}/cancel`, 'POST', 207, ok, valueOf('OperationCancelled')), []);
  assert.deepEqual(checkRequest(`/offboard/${operationId}/cancel`, 'POST', ''), []);
  assert.notDeepEqual(checkRequest(`/offboard/${operationId}/cancel`, 'POST', '{}'), []);
});

const brokenLookups = {
  'an order of its own': (a) => { a.operations.reverse(); },
  'an operation twice': (a) => { a.operations[1].id = a.operations[0].id; },
  'an end of what is pending': (a) => { a.operations[0].settled_at = a.operations[0].created_at; },
  'the identifier': (a) => { a.identifier = { type: 'email' }; },
};
for (const [name, breakIt] of Object.entries(brokenLookups)) {
  test(`a lookup with ${name} is found out`, () => {
    const answer = valueOf('LookupSome');
    breakIt(answer);
    assert.notDeepEqual(checkResponse('/offboard/lookup', 'POST', 200, common, answer), []);
  });
}

test('a lookup asks for one identifier', () => {
  for (const [type, value] of [['mail', 'jo@example.com'], ['email', ''], ['mobile', '91-98'], ['capillary_id', -1], ['capillary_id', 1.5]]) {
    assert.notDeepEqual(checkRequest('/offboard/lookup', 'POST', { identifier: { type, value } }), [], `${type} ${value}`);
  }
});

test('a path nobody knows is answered with a documented 404', () => {
  assert.deepEqual(checkResponse('/nowhere', 'POST', 404, problem, valueOf('ProblemNotFound')), []);
  assert.notDeepEqual(checkResponse('/nowhere', 'GET', 200, common, '{}'), []);
});

test('a method nobody knows is answered with a documented 405', () => {
  const body = valueOf('ProblemMethodNotAllowed');
  assert.deepEqual(checkResponse('/offboard', 'DELETE', 405, { ...problem, Allow: 'POST' }, body), []);
  assert.deepEqual(checkResponse(`/offboard/${operationId}`, 'POST', 405, { ...problem, Allow: 'GET, HEAD' }, body), []);
});

test('OPTIONS tells the methods', () => {
  assert.deepEqual(checkResponse('/offboard', 'OPTIONS', 204, { Allow: 'POST, OPTIONS' }, ''), []);
  assert.notDeepEqual(checkResponse('/offboard', 'OPTIONS', 204, { Allow: 'GET, OPTIONS' }, ''), []);
});

test('headers are taken as fetch and as node:http give them', () => {
  const body = JSON.stringify(valueOf('OperationOk'));
  assert.deepEqual(checkResponse('/offboard', 'POST', 200, new Headers(ok), body), []);
  assert.deepEqual(checkResponse('/offboard', 'POST', 200, Object.entries(ok), Buffer.from(body)), []);
});

test('HEAD has no body', () => {
  const path = `/offboard/${operationId}`;
  assert.deepEqual(checkResponse(path, 'HEAD', 200, ok, ''), []);
  assert.notDeepEqual(checkResponse(path, 'HEAD', 200, ok, '{}'), []);
});
