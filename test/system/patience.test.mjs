// What waits and what is tried again: nobody waits for ever, nobody suffers for another, nothing is sent too often.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { together } from './harness.mjs';

const person = (n) => ({ email: `p${n}@patience.example`, mobile: `9180001${10000 + n}`, capillary_id: `${7100000 + n}`, billing_customer_id: `${8100000 + n}` });
const crowd = (plan, count, more = {}) => ({ plan, customers: Array.from({ length: count }, (_, n) => ({ identifiers: { ...person(n), ...(more[n] ?? {}) } })) });

test('what was never sent is given up in time, also behind an open breaker', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 503, times: 0 });
  const first = gateway.offboard(crowd('lapse', 1), 207);
  await gateway.program.seen((l) => l.includes('"breaker open'));
  // One customer's trouble is not the vendor's: another one is tried at once.
  const second = gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(49) }] }, 207);
  await sandbox.sent('lapse', 2);
  const { body } = await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(50) }] }, 207);
  const [step] = body.customers[0].steps;
  assert.deepEqual([step.status, step.code, step.retryable, step.attempts], ['failed', 'given_up', true, 0]);
  for (const one of [first, second]) {
    const [tried] = (await one).body.customers[0].steps;
    assert.deepEqual([tried.status, tried.code], ['failed', 'vendor_error']);
  }
  assert.equal((await sandbox.count('lapse')).calls, 2);
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

test('a revoke of every earn is sent again until its answer can be told apart', () => together(async (gateway, sandbox) => {
  const customers = Array.from({ length: 12 }, (_, n) => ({ identifiers: { mobile: n % 5 === 2 ? `91800${20 + n}99500` : `91800012${300 + n}` } }));
  const { body } = await gateway.offboard({ plan: 'revoke', customers }, 207);
  assert.deepEqual(body.customers.map((c) => c.steps[0].status), customers.map((_, n) => (n % 5 === 2 ? 'failed' : 'succeeded')));
}));

test('a token that the vendor does not honour is not renewed for every call', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'delink', status: 401, times: 0 });
  const { body } = await gateway.offboard(crowd('delink', 200), 207);
  assert.equal(body.summary.failed, 200);
  assert.deepEqual([...new Set(body.customers.flatMap((c) => c.steps.map((s) => s.code)))], ['vendor_auth']);
  const asked = (await sandbox.calls('capillary_token')).length;
  assert.ok(asked <= 6, `${asked} tokens`);
}, { each: { capillary: { retry: { base: '500ms', cap: '30s' } } }, give_up_after: '2s' }));

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

// One customer's trouble stays that customer's, however the vendor shows it. `poison` is one identifier's text.
const poison = 'p37@patience.example';
const poisons = [
  ['500', { status: 500 }],
  ['503 without a reason', { status: 503 }],
  ['a connection that drops', { kind: 'cut' }],
  ['an error told in a 200', { call: 'revoke', match: person(37).capillary_id, status: 200, body: { warnings: [], errors: [{ status: false, code: 500, message: 'x' }] } }],
];
for (const [name, fault] of poisons) {
  for (const company of ['packed with others', 'alone first']) {
    test(`a customer at whom the vendor fails costs the others a few calls: ${name}, ${company}`, () => together(async (gateway, sandbox) => {
      await sandbox.fault({ call: 'lapse', match: poison, times: 0, ...fault });
      const plan = fault.call ?? 'lapse';
      const alone = { plan, customers: [{ identifiers: person(37) }] };
      const healthy = { plan, customers: crowd(plan, 37).customers };
      let bad;
      if (company === 'alone first') {
        bad = (await gateway.offboard(alone, 202, { prefer: 'respond-async' })).body;
        if (fault.status !== 200) await gateway.program.seen((l) => l.includes('"breaker open'));
        else await sandbox.sent(plan, 5);
      } else {
        await sandbox.set({ latency_ms: 50 });
        const { body } = await gateway.offboard({ plan, customers: [{ identifiers: person(99) }] }, 202, { prefer: 'respond-async' });
        await sandbox.sent(plan);
        bad = (await gateway.offboard(alone, 202, { prefer: 'respond-async' })).body; // gathers with the others
        assert.ok(body.id);
      }
      await gateway.offboard(healthy, 200);
      await gateway.offboard({ plan, customers: [{ identifiers: person(50) }] }, 200);
      // It can be stopped although it was tried: what became of the tries is unknown.
      await gateway.command('cancel', bad.id, [200, 202, 207]);
      const [step] = (await gateway.settled(bad.id)).customers[0].steps;
      assert.ok(['cancelled', 'unknown'].includes(step.status), step.status);
    }, { each: Object.fromEntries(['mention_me', 'capillary'].map((v) => [v, { breaker: { failures: 5, open: '10m' }, retry: { base: '5ms', cap: '50ms' } }])) }));
  }
}

// An ordinary outage: each of the ways in which a vendor is down, one after the other, with customers coming all the
// time; then all is well. Nobody fails for it, and an outcome is unknown only where a forget was lost twice.
test('an outage costs time and nothing else', () => together(async (gateway, sandbox) => {
  const plans = ['lapse', 'revoke', 'delink', 'forget'];
  const total = async () => Object.values((await sandbox.control('GET', 'counts')).calls).reduce((sum, c) => sum + c.calls, 0);
  const ids = [];
  const ways = [{ status: 502 }, { kind: 'html' }, { kind: 'reset' }, { status: 503 }];
  await sandbox.fault(ways.flatMap((fault) => plans.map((call) => ({ call, times: 4, ...fault }))));
  for (let round = 0; round < 8; ++round) {
    const before = await total();
    for (let i = 0; i < 12; ++i) {
      const body = { plan: plans[i % plans.length], customers: [{ identifiers: person(1000 + ids.length) }] };
      ids.push((await gateway.offboard(body, 202, { prefer: 'respond-async' })).body.id);
    }
    while (await total() < before + 6) await new Promise(setImmediate); // breakers are open, and probes go
  }
  const ended = { succeeded: 0, accepted: 0, unknown: 0, failed: 0, absent: 0 };
  for (const id of ids) for (const s of (await gateway.settled(id)).customers[0].steps) ended[s.status] += 1;
  assert.equal(ended.failed, 0, JSON.stringify(ended));
  assert.ok(ended.unknown <= 1, JSON.stringify(ended));
}, { each: Object.fromEntries(['mention_me', 'capillary', 'billing'].map((v) => [v, { breaker: { failures: 5, open: '300ms' }, retry: { base: '20ms', cap: '200ms' } }])) }));
