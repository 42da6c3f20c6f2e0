// mention_me.purge through the real gateway: what it sends, what it waits for, how often, and who may ask for it.
import assert from 'node:assert/strict';
import test from 'node:test';

import { person, plans, steps, together } from './harness.mjs';

const one = (who = person(), more = {}) => ({ plan: 'purge', customers: [{ identifiers: { email: who.email } }], ...more });
const erasing = { ...plans.purge, billing: { forget: {} } };

test('a purge is a DELETE with the body of a lapse, and comes after the lapse', () => together(async (gateway, sandbox) => {
  const who = person();
  const { body } = await gateway.offboard(one(who), 200);
  const by = steps(body.customers[0]);
  assert.deepEqual([by['mention_me.purge'].status, by['mention_me.purge'].code], ['accepted', 'queued']);
  const sent = (await sandbox.calls()).filter((c) => !c.call.endsWith('_token'));
  assert.deepEqual(sent.map((c) => c.call), ['lapse', 'purge']);
  const purge = sent[1];
  assert.deepEqual([purge.method, purge.target, purge.headers['content-type']], ['DELETE', '/api/merchant/v2/customers', 'application/json']);
  assert.deepEqual(JSON.parse(purge.body), { identifiers: [{ type: 'email', value: who.email }] });
  assert.deepEqual((await sandbox.state()).purged, { [`email:${who.email}`]: 1 });
  assert.deepEqual(body.remains.map((r) => `${r.vendor}: ${r.because}`), ['mention_me: purge not confirmed', 'capillary: not in the plan', 'billing: not in the plan']);
  const again = await gateway.offboard(one(who), 200);
  assert.deepEqual(again.body.remains.map((r) => r.vendor), ['capillary', 'billing']);
  assert.deepEqual(again.body.customers[0].steps.map((s) => s.status), ['absent', 'absent']);
}));

test('nobody is purged behind a step that has not succeeded', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 403, times: 0 });
  const { body } = await gateway.offboard(one(), 202, { prefer: 'respond-async' });
  await gateway.program.seen((l) => l.includes('vendor refuses our credentials'));
  const { body: waiting } = await gateway.get(`/offboard/${body.id}`, 202);
  assert.equal(steps(waiting.customers[0])['mention_me.purge'].status, 'pending');
  assert.equal((await sandbox.count('purge')).calls, 0);
}));

test('two steps that erase do not wait for each other', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'purge', status: 404 });
  const { body } = await gateway.offboard({ steps: erasing, customers: [{ identifiers: person() }] }, 207);
  const by = steps(body.customers[0]);
  assert.equal(by['billing.forget'].code, 'forgotten');
  assert.equal(by['mention_me.purge'].status, 'failed');
  assert.equal(by['mention_me.purge'].attempts, 1);
}));

test('a purge whose answer is lost is sent again once', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'purge', kind: 'cut', act: false, times: 2 });
  const { body } = await gateway.offboard(one(), 207);
  const purge = steps(body.customers[0])['mention_me.purge'];
  assert.deepEqual([purge.status, purge.code, purge.attempts], ['unknown', 'outcome_unknown', 2]);
  assert.equal((await sandbox.count('purge')).calls, 2);
}));

test('an answer that cannot be told apart costs each customer one call more, and no third', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'purge', kind: 'missing_entry' });
  const customers = Array.from({ length: 8 }, (_, i) => ({ identifiers: { email: person(i).email } }));
  const { body } = await gateway.offboard({ plan: 'purge', customers }, 200);
  for (const c of body.customers) assert.ok(['accepted', 'absent'].includes(steps(c)['mention_me.purge'].status));
  const calls = await sandbox.calls('purge');
  for (const { identifiers } of customers) assert.ok(calls.filter((c) => c.body.includes(`"${identifiers.email}"`)).length <= 2);
}));
