// What a pending operation tells of its steps: what each waits for, and until when.
import assert from 'node:assert/strict';
import test from 'node:test';

import { person, plans, steps, together } from './harness.mjs';

const later = { prefer: 'respond-async' };

/** Reads the operation until the step says what it waits for. */
async function waitsFor(gateway, id, name, reason) {
  for (;;) {
    const { body } = await gateway.get(`/offboard/${id}`, 202);
    const step = steps(body.customers[0])[name];
    if (step.waiting_for === reason) return step;
    await new Promise(setImmediate);
  }
}

test('behind an open breaker, and behind the step that it shuts off', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 500, times: 0 });
  await sandbox.fault({ call: 'read_back', status: 500, times: 0 });
  const { body } = await gateway.offboard({ steps: { ...plans.lapse, ...plans.forget }, customers: [{ identifiers: person() }] }, 202, later);
  const lapse = await waitsFor(gateway, body.id, 'mention_me.lapse', 'breaker');
  assert.equal(lapse.status, 'pending');
  assert.match(lapse.next_attempt_at, /^\d{4}-\d\d-\d\dT/);
  const forget = await waitsFor(gateway, body.id, 'billing.forget', 'order');
  assert.equal(forget.next_attempt_at, undefined);
}, { journal: 'sqlite', each: { mention_me: { breaker: { failures: 1, open: '10m' } } } }));

test('while credentials are refused', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 403, times: 0 });
  const { body } = await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person() }] }, 202, later);
  const lapse = await waitsFor(gateway, body.id, 'mention_me.lapse', 'credentials');
  assert.equal(lapse.code, 'vendor_auth');
}, { journal: 'sqlite' }));

test('for the budget', () => together(async (gateway) => {
  await gateway.offboard({ plan: 'forget', customers: [{ identifiers: person(1) }] }, 200);
  const { body } = await gateway.offboard({ plan: 'forget', customers: [{ identifiers: person(2) }] }, 202, later);
  const forget = await waitsFor(gateway, body.id, 'billing.forget', 'budget');
  assert.ok(Date.parse(forget.next_attempt_at) > Date.parse(body.created_at));
}, { journal: 'sqlite', each: { billing: { budget: { calls: 1, per: '1h' } } } }));
