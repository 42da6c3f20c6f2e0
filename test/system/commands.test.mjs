// Retry, cancel and long polls, with each of the journals.
import assert from 'node:assert/strict';

import { exchange, person, steps, withEachJournal } from './harness.mjs';

const one = (plan, n = 0, more = {}) => ({ plan, customers: [{ identifiers: person(n) }], ...more });
const asynchronous = { prefer: 'respond-async' };
const at_once = { prefer: 'wait=0' };
const nowhere = '01JD2M7Q0R8W2C5V9T3K6H4XNB';
const json = { 'content-type': 'application/json' };

/** Looks until it holds. */
async function until(holds) {
  while (!(await holds())) await new Promise(setImmediate);
}

/** The step of the first customer, once it has settled while others may not have. */
async function settledStep(gateway, id, name) {
  for (;;) {
    const answer = await exchange(gateway.port, 'GET', `/offboard/${id}`);
    gateway.judge('GET', `/offboard/${id}`, answer);
    const step = steps(answer.body.customers[0])[name];
    if (step.status !== 'pending') return step;
  }
}

// Retry

withEachJournal('what failed is tried again, and with it what its gate had skipped', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'revoke', status: 404, times: 0 });
  const { body: failed } = await gateway.offboard(one('everything'), 207);
  const before = steps(failed.customers[0]);
  assert.deepEqual([before['capillary.revoke_earn'].status, before['capillary.revoke_earn'].retryable], ['failed', true]);
  for (const name of ['capillary.revoke_enrol', 'billing.forget']) {
    assert.deepEqual([before[name].status, before[name].code, before[name].attempts], ['skipped', 'gate_shut', 0]);
    assert.ok(before[name].blocked_by.includes('capillary.revoke_earn'));
  }
  await sandbox.clear();
  const { body, headers } = await gateway.command('retry', failed.id, 200);
  assert.equal(headers['content-location'], `/offboard/${failed.id}`);
  const attempts = Object.fromEntries(Object.entries(steps(body.customers[0])).map(([name, s]) => [name, s.attempts]));
  assert.deepEqual(attempts, {
    'mention_me.lapse': 1, 'capillary.revoke_earn': 2, 'capillary.revoke_enrol': 1,
    'capillary.delink 1stProgram': 1, 'capillary.delink p3e1': 1, 'billing.forget': 1,
  });
  assert.deepEqual([(await sandbox.count('lapse')).calls, (await sandbox.count('delink')).calls, (await sandbox.count('revoke')).calls], [1, 1, 3]);
  assert.equal(body.created_at, failed.created_at);
  assert.ok(body.settled_at >= failed.settled_at);
  assert.deepEqual((await gateway.get(`/offboard/${failed.id}`, 200)).body, body);
});

withEachJournal('what nobody knows the outcome of is tried again', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'forget', kind: 'cut', times: 2 });
  const { body: lost } = await gateway.offboard(one('forget'), 207);
  assert.deepEqual([lost.customers[0].steps[0].status, lost.customers[0].steps[0].attempts], ['unknown', 2]);
  const { body } = await gateway.command('retry', lost.id, 200);
  assert.deepEqual([body.customers[0].steps[0].status, body.customers[0].steps[0].attempts], ['succeeded', 3]);
});

withEachJournal('what fails again can be tried again', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 404, times: 2 });
  const { body: { id } } = await gateway.offboard(one('lapse'), 207);
  const { body: again } = await gateway.command('retry', id, 207);
  assert.deepEqual([again.customers[0].steps[0].code, again.customers[0].steps[0].attempts], ['ambiguous_404', 2]);
  const { body } = await gateway.command('retry', id, 200);
  assert.equal(body.customers[0].steps[0].attempts, 3);
});

withEachJournal('only those who failed are tried again', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'forget', status: 404, match: person(1).billing_customer_id });
  const customers = [0, 1, 2].map((n) => ({ ref: `r${n}`, identifiers: person(n) }));
  const { body: failed } = await gateway.offboard({ plan: 'forget', customers }, 207);
  assert.deepEqual(failed.customers.map((c) => c.status), ['ok', 'failed', 'ok']);
  const { body } = await gateway.command('retry', failed.id, 200);
  assert.deepEqual(body.customers.map((c) => c.steps[0].attempts), [1, 2, 1]);
  assert.equal((await sandbox.count('forget')).calls, 4);
});

withEachJournal('with nothing to try again a retry is 409 and changes nothing', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 400 });
  const { body: rejected } = await gateway.offboard(one('lapse'), 207);
  assert.equal(rejected.customers[0].steps[0].retryable, false);
  const { body: done } = await gateway.offboard(one('lapse', 1), 200);
  for (const [was, status, why] of [[rejected, 207, 'not retryable'], [done, 200, 'nothing to retry']]) {
    for (let i = 0; i < 2; ++i) assert.equal((await gateway.command('retry', was.id, 409)).body.reason, why);
    assert.deepEqual((await gateway.get(`/offboard/${was.id}`, status)).body, was);
  }
  assert.equal((await sandbox.count('lapse')).calls, 2);
});

withEachJournal('a retry beside steps that are still pending leaves those alone', async (gateway, sandbox) => {
  await sandbox.fault([{ call: 'forget', kind: 'stall' }, { call: 'lapse', status: 404 }]);
  const { body: { id } } = await gateway.offboard(one('everything', 0, { options: { erase_gate: 'none' } }), 202, asynchronous);
  await sandbox.sent('forget');
  assert.equal((await settledStep(gateway, id, 'mention_me.lapse')).code, 'ambiguous_404');
  const { body } = await gateway.command('retry', id, 202, at_once);
  assert.equal(steps(body.customers[0])['billing.forget'].status, 'pending');
  assert.equal((await settledStep(gateway, id, 'mention_me.lapse')).attempts, 2);
  assert.equal((await sandbox.count('forget')).calls, 1);
  await gateway.command('retry', id, 409); // what is pending is not for a retry
  await sandbox.clear();
  assert.equal((await gateway.settled(id)).status, 'ok');
});

withEachJournal('of many retries at one instant one is heard', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 404 });
  const { body: { id } } = await gateway.offboard(one('lapse'), 207);
  const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.command('retry', id, [200, 202, 409])));
  assert.equal(answers.filter((a) => a.status < 300).length, 1);
  assert.equal((await gateway.settled(id)).customers[0].steps[0].attempts, 2);
  assert.equal((await sandbox.count('lapse')).calls, 2);
});

withEachJournal('a command nobody can carry out', async (gateway) => {
  const { body: { id } } = await gateway.offboard(one('lapse'), 200);
  for (const verb of ['retry', 'cancel']) {
    await gateway.command(verb, nowhere, 404);
    await gateway.command(verb, 'jo@example.com', 404);
    await gateway.command(verb, id, 406, { accept: 'text/html' });
    const rows = [['GET', '', 405, {}], ['DELETE', '', 405, {}], ['POST', '?really=true', 400, {}], ['POST', '', 400, { body: '{}', headers: json }]];
    for (const [method, query, status, more] of rows) {
      const answer = await exchange(gateway.port, method, `/offboard/${id}/${verb}${query}`, more);
      assert.equal(answer.status, status, `${method} ${verb}${query} ${answer.text}`);
      gateway.judge(method, `/offboard/${id}/${verb}`, answer);
    }
    const options = await exchange(gateway.port, 'OPTIONS', `/offboard/${id}/${verb}`);
    gateway.judge('OPTIONS', `/offboard/${id}/${verb}`, options);
  }
});

// Cancel

withEachJournal('cancel stops what was not sent, and what was sent finishes', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'forget', kind: 'stall' });
  const customers = [0, 1, 2].map((n) => ({ identifiers: person(n) }));
  const { body: { id } } = await gateway.offboard({ plan: 'forget', customers }, 202, asynchronous);
  await sandbox.sent('forget');
  const [{ body: bytes }] = await sandbox.calls('forget');
  const { body: stopped } = await gateway.command('cancel', id, 202, at_once);
  const flying = customers.findIndex((c) => bytes.includes(c.identifiers.billing_customer_id));
  const wanted = (at_end) => customers.map((_, n) => (n === flying ? at_end : 'cancelled'));
  assert.deepEqual(stopped.customers.map((c) => c.steps[0].status), wanted('pending'));
  for (const c of stopped.customers.filter((_, n) => n !== flying)) assert.deepEqual([c.steps[0].code, c.steps[0].attempts], ['cancelled', 0]);
  await gateway.command('cancel', id, 409); // nothing waits any more
  await sandbox.clear();
  const settled = await gateway.settled(id);
  assert.deepEqual(settled.customers.map((c) => c.steps[0].status), wanted('succeeded'));
  assert.deepEqual(settled.customers.map((c) => c.status), wanted('succeeded').map((s) => (s === 'succeeded' ? 'ok' : 'failed')));
  for (const verb of ['cancel', 'retry', 'retry']) assert.equal((await gateway.command(verb, id, 409)).body.reason, 'cancelled');
  assert.deepEqual((await gateway.get(`/offboard/${id}`, 207)).body, settled);
  assert.deepEqual(Object.keys((await sandbox.state()).forgotten), [`customer_id:${person(flying).billing_customer_id}`]);
  assert.ok((await sandbox.calls('forget')).every((c) => c.body === bytes), 'sent after it was cancelled');
}, { each: { billing: { max_in_flight: 1 } } });

withEachJournal('what the vendor pushes back after a cancel is not sent again', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', kind: 'rate_limited', retry_after: 1, latency_ms: 400 });
  const { body: { id } } = await gateway.offboard(one('lapse'), 202, asynchronous);
  await sandbox.sent('lapse');
  await gateway.command('cancel', id, 202, at_once);
  await gateway.command('cancel', id, 409);
  const [step] = (await gateway.settled(id)).customers[0].steps;
  assert.deepEqual([step.status, step.code, step.attempts], ['cancelled', 'cancelled', 0]);
  assert.equal((await sandbox.count('lapse')).calls, 1);
});

withEachJournal('a call that the vendor refuses whole after a cancel is not sent again in parts', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 400, latency_ms: 400 });
  const customers = [1, 2].map((n) => ({ identifiers: person(n) }));
  const { body: { id } } = await gateway.offboard({ plan: 'lapse', customers }, 202, asynchronous);
  await sandbox.sent('lapse');
  await gateway.command('cancel', id, 202, at_once);
  const { customers: ended } = await gateway.settled(id);
  assert.deepEqual(ended.map((c) => [c.steps[0].status, c.steps[0].code]), [['cancelled', 'cancelled'], ['cancelled', 'cancelled']]);
  assert.equal((await sandbox.count('lapse')).calls, 1);
});

withEachJournal('what waits behind a gate is stopped with the rest', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'revoke', kind: 'stall' });
  const { body: { id } } = await gateway.offboard(one('everything'), 202, asynchronous);
  await sandbox.sent('revoke');
  for (const name of ['mention_me.lapse', 'capillary.delink p3e1', 'capillary.delink 1stProgram']) await settledStep(gateway, id, name);
  await gateway.command('cancel', id, 202, at_once);
  await sandbox.clear();
  const by = steps((await gateway.settled(id)).customers[0]);
  assert.equal(by['capillary.revoke_earn'].status, 'succeeded');
  for (const name of ['capillary.revoke_enrol', 'billing.forget']) assert.deepEqual([by[name].status, by[name].attempts], ['cancelled', 0], name);
  const state = await sandbox.state();
  assert.deepEqual([state.revoked_enrolments, state.forgotten], [[], {}]);
});

withEachJournal('what waits behind an open breaker is stopped at once; what was tried is unknown then', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 503, times: 0 });
  const { body: tried } = await gateway.offboard(one('lapse'), 202, asynchronous);
  await until(async () => (await exchange(gateway.admin, 'GET', '/readyz')).body.breakers.find((b) => b.step === 'mention_me.lapse').state === 'open');
  await gateway.offboard(one('lapse', 2), 202, asynchronous); // the breaker's probe
  await sandbox.sent('lapse', 2);
  const { body: waits } = await gateway.offboard(one('lapse', 1), 202, asynchronous);
  const { body } = await gateway.command('cancel', waits.id, 207);
  assert.deepEqual([body.status, body.customers[0].steps[0].status, body.customers[0].steps[0].attempts], ['failed', 'cancelled', 0]);
  const { body: { customers: [{ steps: [step] }] } } = await gateway.command('cancel', tried.id, 207);
  assert.deepEqual([step.status, step.code, step.attempts], ['unknown', 'outcome_unknown', 1]);
  await gateway.command('cancel', tried.id, 409);
  assert.equal((await sandbox.count('lapse')).calls, 2);
}, { drain: { timeout: '0s' }, each: { mention_me: { breaker: { failures: 1, open: '10m' } } } });

withEachJournal('a retry leaves alone what was cancelled, and the gates behind it stay shut', async (gateway, sandbox) => {
  await sandbox.fault([{ call: 'revoke', kind: 'stall' }, { call: 'lapse', status: 404 }]);
  const { body: holder } = await gateway.offboard(one('revoke', 9), 202, asynchronous);
  await sandbox.sent('revoke');
  const { body: { id } } = await gateway.offboard(one('everything'), 202, asynchronous);
  await settledStep(gateway, id, 'billing.forget');
  const { body: stopped } = await gateway.command('cancel', id, 207);
  assert.deepEqual([stopped.summary.steps.cancelled, stopped.summary.steps.failed, stopped.summary.steps.skipped], [4, 1, 1]);
  const { body } = await gateway.command('retry', id, 207);
  const by = steps(body.customers[0]);
  assert.deepEqual([by['mention_me.lapse'].status, by['mention_me.lapse'].attempts], ['accepted', 2]);
  assert.deepEqual([by['billing.forget'].code, by['billing.forget'].blocked_by], ['gate_shut', ['mention_me.lapse']]);
  assert.equal(body.summary.steps.cancelled, 4);
  await gateway.command('retry', id, 409);
  await sandbox.clear();
  await gateway.settled(holder.id);
  const state = await sandbox.state();
  assert.deepEqual([state.delinked, state.forgotten, state.revoked_enrolments], [{}, {}, []]);
  for (const call of await sandbox.calls('revoke')) assert.ok(call.body.includes(person(9).capillary_id), 'sent after it was cancelled');
}, { each: { capillary: { max_in_flight: 1 } } });

withEachJournal('cancel with nothing to stop is 409 and changes nothing', async (gateway) => {
  const { body } = await gateway.offboard(one('everything'), 200);
  for (let i = 0; i < 2; ++i) assert.equal((await gateway.command('cancel', body.id, 409)).body.reason, 'nothing to cancel');
  assert.equal((await gateway.command('retry', body.id, 409)).body.reason, 'nothing to retry');
  assert.deepEqual((await gateway.get(`/offboard/${body.id}`, 200)).body, body);
});

// Waiting

withEachJournal('a long poll is answered when the operation settles, and others meanwhile', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', kind: 'stall' });
  const { body: { id }, headers } = await gateway.offboard(one('lapse'), 202, asynchronous);
  assert.equal(headers.location, `/offboard/${id}`);
  await sandbox.sent('lapse');
  let answered = 0;
  const polls = Array.from({ length: 3 }, () => gateway.get(headers.location, 200, { prefer: 'wait=20' }).then((a) => { ++answered; return a; }));
  for (const prefer of ['', 'wait=0', 'respond-async', 'wait=soon']) {
    const now = await gateway.get(headers.location, 202, prefer ? { prefer } : {});
    assert.equal(now.headers['preference-applied'], { 'wait=0': 'wait=0', 'respond-async': 'respond-async' }[prefer]);
    assert.ok(Number(now.headers['retry-after']) >= 1);
  }
  assert.equal(answered, 0);
  await sandbox.clear();
  for (const answer of await Promise.all(polls)) {
    assert.deepEqual([answer.body.status, answer.headers['preference-applied']], ['ok', 'wait=20']);
  }
  // Settled, it is told at once, however long one would wait.
  assert.equal((await gateway.get(headers.location, 200, { prefer: 'respond-async, wait=20' })).headers['preference-applied'], 'respond-async, wait=20');
});

withEachJournal('nobody waits beyond the cap, and a retry waits as a POST does', async (gateway, sandbox) => {
  await sandbox.fault([{ call: 'lapse', status: 404 }, { call: 'lapse', kind: 'stall' }]);
  const { body: { id } } = await gateway.offboard(one('lapse'), 207);
  const retried = await gateway.command('retry', id, 202, { prefer: 'wait=600' });
  assert.equal(retried.headers['preference-applied'], 'wait=1');
  const { body, headers } = await gateway.get(`/offboard/${id}`, 202, { prefer: 'wait=600' });
  assert.deepEqual([headers['preference-applied'], body.settled_at], ['wait=1', undefined]);
  await sandbox.clear();
  assert.equal((await gateway.settled(id)).status, 'ok');
}, { deadline: { max: '1s' } });
