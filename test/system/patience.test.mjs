// What waits and what is tried again: nobody waits for ever, nobody suffers for another, nothing is sent too often.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { together } from './harness.mjs';

const person = (n) => ({ email: `p${n}@patience.example`, mobile: `9180001${10000 + n}`, capillary_id: `${7100000 + n}`, billing_customer_id: `${8100000 + n}` });
const crowd = (plan, count, more = {}) => ({ plan, customers: Array.from({ length: count }, (_, n) => ({ identifiers: { ...person(n), ...(more[n] ?? {}) } })) });

test('what was never sent is given up in time, also behind an open breaker', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 503, times: 0 });
  const first = gateway.offboard(crowd('lapse', 1), 207);
  while ((await sandbox.count('lapse')).calls === 0) await new Promise(setImmediate);
  const { body } = await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(50) }] }, 207);
  const [step] = body.customers[0].steps;
  assert.deepEqual([step.status, step.code, step.retryable, step.attempts], ['failed', 'given_up', true, 0]);
  const [tried] = (await first).body.customers[0].steps;
  assert.deepEqual([tried.status, tried.code], ['failed', 'vendor_error']);
  assert.equal((await sandbox.count('lapse')).calls, 1);
}, { give_up_after: '1s', each: { mention_me: { breaker: { failures: 1, open: '10m' } } } }));

test('a customer over whom the vendor stumbles takes nobody along', () => together(async (gateway, sandbox) => {
  const { body } = await gateway.offboard(crowd('lapse', 100, { 37: { email: 'down@patience.example' } }), 207);
  assert.equal(body.summary.ok, 99);
  assert.deepEqual([body.customers[37].steps[0].status, body.customers[37].steps[0].code], ['failed', 'vendor_error']);
}, { give_up_after: '5s', each: { mention_me: { breaker: { failures: 5, open: '100ms' } } } }));

test('who is asked about alone stays alone when that call fails', () => together(async (gateway, sandbox) => {
  await sandbox.fault([{ call: 'lapse', kind: 'missing_entry' }, { call: 'lapse', status: 503 }, { call: 'lapse', kind: 'rate_limited', retry_after: 1 }]);
  const { body } = await gateway.offboard(crowd('lapse', 50), 200);
  assert.equal(body.summary.ok, 50);
  const sizes = (await sandbox.calls('lapse')).map((c) => c.customers.length);
  assert.deepEqual(sizes, [50, 1, 1, 1]);
}));

test('a revoke of every earn is sent twice at most, also when nobody can tell whose the answers are', () => together(async (gateway, sandbox) => {
  const customers = Array.from({ length: 12 }, (_, n) => ({ identifiers: { mobile: n % 5 === 2 ? `91800${20 + n}99500` : `91800012${300 + n}` } }));
  const { body } = await gateway.offboard({ plan: 'revoke', customers }, 207);
  const received = (await sandbox.calls('revoke')).flatMap((c) => JSON.stringify(c.body));
  for (const { identifiers } of customers) {
    const times = received.filter((text) => text.includes(identifiers.mobile)).length;
    assert.ok(times === 1 || times === 2, `${times} times`);
  }
  assert.deepEqual(body.customers.map((c) => c.steps[0].status), customers.map((_, n) => (n % 5 === 2 ? 'failed' : 'succeeded')));
}));

test('a token that the vendor does not honour is not renewed for every call', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'delink', status: 401, times: 0 });
  const { body } = await gateway.offboard(crowd('delink', 200), 207);
  assert.equal(body.summary.failed, 200);
  assert.deepEqual([...new Set(body.customers.flatMap((c) => c.steps.map((s) => s.code)))], ['vendor_auth']);
  const asked = (await sandbox.calls('capillary_token')).length;
  assert.ok(asked <= 6, `${asked} tokens`);
}, { each: { capillary: { retry: { base: '500ms', cap: '30s' } } } }));

test('a step that the vendor pushes back says why it waits, and that this was no attempt', () => together(async (gateway, sandbox) => {
  for (const [status, code] of [[503, 'vendor_busy'], [429, 'rate_limited']]) {
    await sandbox.fault({ call: 'revoke', status, times: 0 });
    const { body } = await gateway.offboard({ plan: 'revoke', customers: [{ identifiers: person(status) }] }, 202, { prefer: 'respond-async' });
    await sandbox.sent('revoke');
    let step = body.customers[0].steps[0];
    while (step.code === 'waiting') [step] = (await gateway.get(`/offboard/${body.id}`, 202)).body.customers[0].steps;
    assert.deepEqual([step.status, step.code, step.attempts], ['pending', code, 0]);
    await gateway.command('cancel', body.id, [200, 202, 207]);
    await sandbox.clear();
    await gateway.settled(body.id);
  }
}, { each: { capillary: { retry: { base: '50ms', cap: '100ms' }, breaker: { failures: 1000 } } } }));
