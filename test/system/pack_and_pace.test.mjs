// Many callers, one vendor budget, each exactly its own answers.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';

import { exchange, person, steps, together } from './harness.mjs';

const one = (plan, identifiers) => ({ plan, customers: [{ identifiers }] });
const lapse = (n, special) => one('lapse', { email: special ?? `c${n}.pack@example.com` });

async function metric(gateway, name) {
  const { text } = await exchange(gateway.admin, 'GET', '/metrics');
  return text.split('\n').filter((l) => l.startsWith(name) && !l.startsWith('#')).reduce((sum, l) => sum + Number(l.split(' ').pop()), 0);
}

test('1,000 callers at once share at most 30 lapse calls, and each gets exactly its own outcome', () => together(async (gateway, sandbox) => {
  await sandbox.set({ latency_ms: 100 });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1000 });
  const wanted = (n) => (n % 10 === 3 ? ['absent', 'absent'] : n % 10 === 7 ? ['fail', 'failed'] : ['c', 'accepted']);
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, n) => exchange(gateway.port, 'POST', '/offboard', {
    body: lapse(n, `${wanted(n)[0]}.${n}.pack@example.com`), headers: { 'content-type': 'application/json' }, agent,
  })));
  agent.destroy();
  for (const [n, answer] of answers.entries()) {
    // A slow machine may take longer than a caller waits.
    const { customers: [{ steps: [step] }] } = answer.status === 202 ? await gateway.settled(answer.body.id) : answer.body;
    assert.equal(step.identifier.value, `${wanted(n)[0]}.${n}.pack@example.com`);
    assert.equal(step.status, wanted(n)[1]);
  }
  const { calls, customers, max_customers } = await sandbox.count('lapse');
  assert.equal(customers, 1000);
  assert.ok(max_customers <= 100);
  assert.ok(calls <= 30, `${calls} calls`);
  assert.equal(await metric(gateway, 'offboard_customers_per_call_sum{step="mention_me.lapse"'), 1000);
}));

test('a single customer beside a thousand is in one of the first calls', () => together(async (gateway, sandbox) => {
  await sandbox.set({ latency_ms: 50 });
  const bulk = gateway.offboard({ plan: 'lapse', customers: Array.from({ length: 1000 }, (_, n) => ({ identifiers: { email: `bulk.${n}@example.com` } })) }, 200);
  while ((await sandbox.count('lapse')).calls === 0) await new Promise(setImmediate);
  await gateway.offboard(lapse(0, 'single.pack@example.com'), 200);
  await bulk;
  const calls = await sandbox.calls('lapse');
  const mine = calls.findIndex((c) => c.customers.includes('email:single.pack@example.com'));
  assert.ok(mine >= 0 && mine <= 5, `in call ${mine} of ${calls.length}`);
}, { each: { mention_me: { max_in_flight: 2 } } }));

test('10 calls in 2 s, by the vendor\'s own clock, whatever goes wrong; nothing lost, nothing answered twice', () => together(async (gateway, sandbox) => {
  await sandbox.set({ rate_limit: { calls: 100000, per_ms: 2000 }, latency_ms: 5 });
  await sandbox.fault([
    { call: 'lapse', skip: 2, statuses: [500] },
    { call: 'lapse', skip: 3, kind: 'rate_limited', retry_after: 1 },
    { call: 'lapse', skip: 4, kind: 'expire_token' },
    { call: 'lapse', skip: 5, kind: 'cut' },
    { call: 'lapse', skip: 7, statuses: [503, 500] },
  ]);
  const customers = (from, n) => Array.from({ length: n }, (_, i) => ({ ref: `r${from + i}`, identifiers: { email: `b${from + i}.pack@example.com` } }));
  const accepted = await Promise.all(Array.from({ length: 30 }, (_, i) => gateway.offboard({ plan: 'lapse', customers: customers(i * 100, 100) }, 202, { prefer: 'respond-async' })));
  for (const { body } of accepted) {
    const settled = await gateway.settled(body.id);
    assert.equal(settled.summary.ok, 100);
  }
  const { calls } = await sandbox.control('GET', 'counts?window_ms=2000');
  assert.ok(calls.lapse.max_in_window <= 10, `${calls.lapse.max_in_window} starts in a window`);
  assert.ok(calls.lapse.calls >= 35);
  assert.equal(Object.keys((await sandbox.state()).lapsed).length, 3000);
}, { each: { mention_me: { budget: { calls: 10, per: '2s' } } } }));

test('Retry-After follows the queue and the budget', () => together(async (gateway) => {
  const after = async (n) => {
    const { headers } = await gateway.offboard({ plan: 'lapse', customers: Array.from({ length: n }, (_, i) => ({ identifiers: { email: `eta${n}.${i}@example.com` } })) }, 202, { prefer: 'respond-async' });
    return Number(headers['retry-after']);
  };
  const [short, long] = [await after(1), await after(1000)];
  assert.ok(short <= 2, `${short}`);
  assert.ok(long >= 8, `${long}`); // some ten calls at one a second
}, { each: { mention_me: { budget: { calls: 3, per: '3s' } } } }));

test('a vendor that is down is probed, not stormed; its customers wait and all settle', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 503, times: 0 });
  const accepted = [];
  for (let n = 0; n < 200; ++n) accepted.push(await gateway.offboard(lapse(n), 202, { prefer: 'respond-async' }));
  for (;;) {
    const { body } = await gateway.get(`/offboard/${accepted[0].body.id}`, 202);
    assert.equal(body.status, 'pending');
    const ready = await exchange(gateway.admin, 'GET', '/readyz');
    assert.equal(ready.status, 200);
    gateway.judge('GET', '/readyz', ready);
    if (ready.body.breakers.find((b) => b.step === 'mention_me.lapse').state !== 'closed') break;
  }
  const down = (await sandbox.count('lapse')).calls;
  assert.ok(down <= 30, `${down} calls while down`);
  await sandbox.clear();
  for (const { body } of accepted) assert.equal((await gateway.settled(body.id)).status, 'ok');
  assert.ok((await sandbox.count('lapse')).calls - down <= 30);
}, { each: { mention_me: { breaker: { failures: 3, open: '300ms' } } } }));

test('earns named for customers known by mobile are asked about one at a time, and each answer is its own', () => together(async (gateway, sandbox) => {
  for (const n of [1, 2, 3]) await sandbox.control('POST', 'earns', { identifier_name: 'mobile', identifier_value: `9190000000${n}`, promotion_id: '202779', earn_ids: [960 + n] });
  const customers = [1, 2, 3].map((n) => ({ identifiers: { mobile: `9190000000${n}` }, earn_ids: [n === 2 ? 5 : 960 + n] }));
  const { body } = await gateway.offboard({ plan: 'revoke', customers }, 207);
  assert.deepEqual(body.customers.map((c) => c.steps[0].code), ['revoked', 'earn_ids_invalid', 'revoked']);
  assert.equal((await sandbox.calls('revoke')).length, 3);
}));

test('after a lost answer a refusal is not the last word', () => together(async (gateway, sandbox) => {
  await sandbox.fault([{ call: 'forget', kind: 'cut', act: true }, { call: 'forget', status: 404 }]);
  const { body } = await gateway.offboard(one('forget', person(5)), 207);
  const step = steps(body.customers[0])['billing.forget'];
  assert.deepEqual([step.status, step.code, step.attempts], ['unknown', 'outcome_unknown', 2]);
  assert.equal(Object.keys((await sandbox.state()).forgotten).length, 1);
}));

test('a named earn that the vendor calls invalid after a lost answer is neither reported invalid nor revoked', () => together(async (gateway, sandbox) => {
  await gateway.offboard(one('revoke', person(6)), 200); // a kept connection
  await sandbox.control('POST', 'earns', { identifier_name: 'id', identifier_value: person(7).capillary_id, promotion_id: '202779', earn_ids: [960] });
  await sandbox.fault({ call: 'revoke', kind: 'cut', act: true });
  const { body } = await gateway.offboard({ plan: 'revoke', customers: [{ identifiers: person(7), earn_ids: [960] }] }, 207);
  const [step] = body.customers[0].steps;
  assert.deepEqual([step.status, step.code, step.vendor.code], ['unknown', 'earns_unconfirmed', 8903]);
}));

test('a wrong secret is not a token request a call', () => together(async (gateway, sandbox) => {
  const customers = Array.from({ length: 300 }, (_, n) => ({ identifiers: person(n) }));
  const { body } = await gateway.offboard({ plan: 'delink', customers }, 207);
  assert.equal(body.summary.failed, 300);
  assert.ok((await sandbox.calls('capillary_token')).length <= 3);
}, { each: { capillary: { oauth: { key: 'test', secret: 'wrong' }, retry: { base: '500ms', cap: '30s' } } }, give_up_after: '1s' }));

test('an outage told in the body is not cut into pieces', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'revoke', status: 500, body: { warnings: [], errors: [{ status: false, code: 500, message: 'x' }] }, times: 1 });
  await gateway.offboard({ plan: 'revoke', customers: Array.from({ length: 100 }, (_, n) => ({ identifiers: person(n) })) }, 200);
  assert.equal((await sandbox.calls('revoke')).length, 2);
}));

test('a refusal of everything is taken at its word before the budget is gone', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 400, times: 0 });
  const { body } = await gateway.offboard({ plan: 'lapse', customers: Array.from({ length: 100 }, (_, n) => ({ identifiers: person(n) })) }, 207);
  assert.equal(body.summary.failed, 100);
  assert.ok((await sandbox.calls('lapse')).length <= 40, `${(await sandbox.calls('lapse')).length}`);
}));

test('after the drain nothing more is sent', () => together(async (gateway, sandbox) => {
  await sandbox.set({ latency_ms: 200 });
  const customers = Array.from({ length: 300 }, (_, n) => ({ identifiers: person(n) }));
  const waiting = gateway.offboard({ plan: 'forget', customers }, 202);
  while ((await sandbox.count('forget')).calls < 8) await new Promise(setImmediate);
  gateway.program.child.kill('SIGTERM');
  await waiting;
  const lost = await gateway.program.seen((l) => l.includes('operations lost'));
  assert.ok(lost);
  const sent = (await sandbox.count('forget')).calls;
  await gateway.program.ended;
  assert.ok((await sandbox.count('forget')).calls <= sent + 1);
  assert.ok(Object.values((await sandbox.state()).forgotten).every((f) => f.times === 1));
}, { drain: { timeout: '500ms' } }));

test('metrics tell what was done and no label comes from a caller', () => together(async (gateway) => {
  await gateway.offboard({ customers: [{ ref: 'ref-of-a-caller', identifiers: person(9) }] }, 200);
  await exchange(gateway.port, 'GET', '/offboard/jo.metrics@example.com');
  const { text, status } = await exchange(gateway.admin, 'GET', '/metrics');
  assert.equal(status, 200);
  for (const expected of ['offboard_steps_total{', 'offboard_vendor_calls_total{', 'offboard_vendor_call_duration_seconds_bucket{',
    'offboard_customers_per_call_bucket{', 'offboard_vendor_budget_left{', 'offboard_vendor_budget_calls{', 'offboard_queue_customers{', 'offboard_queue_oldest_seconds{',
    'offboard_breaker_state{', 'offboard_operations_total{', 'process_resident_memory_bytes']) assert.ok(text.includes(expected), expected);
  // Where there is no budget nothing is told of one.
  for (const told of ['left', 'calls']) assert.deepEqual(text.match(new RegExp(`^offboard_vendor_budget_${told}\\{.*\\}`, 'gm')), [`offboard_vendor_budget_${told}{vendor="mention_me"}`]);
  for (const secret of [...Object.values(person(9)), 'ref-of-a-caller', 'jo.metrics']) assert.ok(!text.includes(secret), 'a caller\'s word is a label');
  assert.equal(await metric(gateway, 'offboard_operations_total{status="ok"}'), 1);
}, { each: { mention_me: { budget: { calls: 300, per: '5m' } } } }));
