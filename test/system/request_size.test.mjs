// What one request may cost: bounds on what it expands to, and nobody waits behind it.
import assert from 'node:assert/strict';
import test from 'node:test';

import { exchange, person, steps, together } from './harness.mjs';

const json = { 'content-type': 'application/json' };
const promotions = (n) => ({ capillary: { revoke: Array.from({ length: n }, (_, i) => ({ program_id: 1, promotion_id: String(i + 1), kind: 'direct_issue' })) } });
const bulk = (customers, earns, n) => ({
  steps: promotions(n), options: { dry_run: true },
  customers: Array.from({ length: customers }, (_, c) => ({
    identifiers: { capillary_id: 1000 + c }, ...(earns ? { earn_ids: Array.from({ length: earns }, (_, e) => e + 1) } : {}),
  })),
});
const post = (gateway, body) => exchange(gateway.port, 'POST', '/offboard', { body, headers: json });

test('a request that expands beyond the bound is refused with the figure', () => together(async (gateway, sandbox) => {
  for (const dry_run of [true, false]) {
    const answer = await post(gateway, { ...bulk(1000, 1000, 50), options: { dry_run } });
    gateway.judge('POST', '/offboard', answer);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.errors.length, 1);
    assert.equal(answer.body.errors[0].pointer, '/customers');
    assert.match(answer.body.errors[0].detail, / 2050000, and an operation may have 100000/);
  }
  assert.equal((await sandbox.calls()).length, 0);
}));

test('customers by the hundred thousand, and values without end, are refused in a word', () => together(async (gateway) => {
  for (const [body, status, faults] of [
    [`{"plan":"lapse","customers":[${Array(1_390_000).fill('{}').join(',')}]}`, 413],
    [`{"plan":"lapse","customers":[${Array(1_000_000).fill('{}').join(',')}]}`, 400, 1],
    [`{"plan":"lapse","customers":[${Array(1000).fill('{}').join(',')}]}`, 400, 101],
    [`{"steps":{"capillary":{"delink":{"partner_programs":[${Array.from({ length: 300_000 }, (_, n) => `"p${n}"`).join(',')}]}}},"customers":[{"identifiers":{"email":"a@x"}}]}`, 400, 1],
    [`{"plan":"lapse","customers":[{"identifiers":{"email":"a@x"},"earn_ids":[${Array(1_000_000).fill('1').join(',')}]}]}`, 400, 101],
  ]) {
    const answer = await post(gateway, body);
    assert.equal(answer.status, status, answer.text.slice(0, 300));
    gateway.judge('POST', '/offboard', answer);
    assert.equal(answer.body.errors?.length, faults);
    assert.ok(answer.text.length < 20_000);
  }
}));

test('a dry run whose answer would be endless is a 413, and others are answered before it', () => together(async (gateway, sandbox) => {
  const small = { plan: 'lapse', customers: [{ identifiers: person() }] };
  const order = [];
  const large = post(gateway, bulk(1000, 24, 50)).then((answer) => { order.push('large'); return answer; });
  // Its body has been read once the helper works on it; whatever comes then is answered meanwhile.
  const others = await Promise.all(Array.from({ length: 5 }, () => gateway.offboard(small, 200).then(() => order.push('small'))));
  assert.equal(others.length, 5);
  const answer = await large;
  assert.ok(order.indexOf('large') > 0, order.join());
  assert.ok([200, 413].includes(answer.status), String(answer.status));
  gateway.judge('POST', '/offboard', answer);
  const most = await post(gateway, { ...bulk(97, 1000, 25), customers: bulk(97, 1000, 25).customers.map((c) => ({ ...c, earn_ids: c.earn_ids.map((e) => 9_000_000_000_000_000 + e) })) });
  assert.equal(most.status, 413, most.text.slice(0, 300));
  gateway.judge('POST', '/offboard', most);
  assert.equal((await sandbox.count('revoke')).calls, 0);
}));

test('an operation of many steps is shown in parts, and its summary is a recount', () => together(async (gateway) => {
  const customers = Array.from({ length: 1000 }, (_, n) => ({ ref: `c-${n}`, identifiers: { capillary_id: String(5000 + n) } }));
  const { body } = await gateway.offboard({ steps: promotions(4), customers }, 202, { prefer: 'respond-async' });
  const settled = await gateway.settled(body.id);
  assert.equal(settled.customers.length, 1000);
  assert.equal(Object.values(settled.summary.steps).reduce((a, b) => a + b), 4000);
}));

test('large requests that come together do not fill the queue beyond its bound', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'revoke', status: 503, times: 0 });
  const customers = Array.from({ length: 1000 }, (_, n) => ({ identifiers: { capillary_id: String(5000 + n) } }));
  const sent = Array.from({ length: 4 }, () => exchange(gateway.port, 'POST', '/offboard', {
    body: { steps: promotions(40), customers }, headers: { 'content-type': 'application/json', prefer: 'respond-async' },
  }));
  const statuses = (await Promise.all(sent)).map((a) => a.status).sort();
  assert.deepEqual(statuses, [202, 503, 503, 503]); // 40,000 steps each
}, { journal: 'sqlite', limits: { queue: 50000 } }));

test('an absent customer keeps the gate shut when the request says so', () => together(async (gateway) => {
  const request = (absent) => ({ options: { absent }, customers: [{ identifiers: { ...person(), email: 'absent@example.com' } }] });
  const { body: strict } = await gateway.offboard(request('not_ok'), 207);
  assert.equal(steps(strict.customers[0])['mention_me.lapse'].status, 'absent');
  assert.deepEqual(steps(strict.customers[0])['billing.forget'].blocked_by, ['mention_me.lapse']);
  assert.equal(strict.status, 'partial');
  const { body: lenient } = await gateway.offboard(request('ok'), 200);
  assert.equal(steps(lenient.customers[0])['billing.forget'].code, 'forgotten');
}, { journal: 'sqlite' }));

test('a byte order mark is skipped, and an id is taken in either case', () => together(async (gateway) => {
  const answer = await post(gateway, `\ufeff${JSON.stringify({ plan: 'lapse', customers: [{ identifiers: person() }] })}`);
  assert.equal(answer.status, 200, answer.text);
  const lower = await exchange(gateway.port, 'GET', `/offboard/${answer.body.id.toLowerCase()}`);
  assert.equal(lower.status, 200);
  assert.equal(lower.body.id, answer.body.id);
  assert.equal(lower.headers['content-location'], `/offboard/${answer.body.id}`);
  const broken = await post(gateway, '\ufeff{x');
  assert.match(broken.body.detail, /at byte [45]\./);
}));

test('public_url stands before what callers are told, and without it the contract names its own place', () => together(async (gateway) => {
  const public_url = 'https://tools.example/offboarding';
  const { body, headers } = await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person() }] }, 200);
  assert.equal(headers['content-location'], `${public_url}/offboard/${body.id}`);
  const pending = await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person() }] }, 202, { prefer: 'respond-async' });
  assert.equal(pending.headers.location, `${public_url}/offboard/${pending.body.id}`);
  const { text } = await exchange(gateway.port, 'GET', '/openapi.yaml');
  assert.match(text, /\nservers:\n  - url: "https:\/\/tools\.example\/offboarding"\n/);
}, { public_url: 'https://tools.example/offboarding/' }));

test('without public_url the contract is served as it is written', () => together(async (gateway) => {
  const { text } = await exchange(gateway.port, 'GET', '/openapi.yaml');
  assert.match(text, /\nservers:\n  - url: \.\n/);
}));
