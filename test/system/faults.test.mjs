// Each fault of the sandbox in turn: what the caller is told must agree with what the vendor did, or be `unknown`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';

import { configuration, Gateway, person, Sandbox, steps, together } from './harness.mjs';

const ask = (plan, n = 1, first = 0) => ({ plan, customers: Array.from({ length: n }, (_, i) => ({ identifiers: person(first + i) })) });
const only = (body) => body.customers[0].steps[0];

/** [what the fault is, the fault, plan, expected [status, code] of the single customer's first step, attempts] */
const single = [
  // Mention Me
  ['an error entry without type', { call: 'lapse', kind: 'no_type' }, 'lapse', 'accepted', 'queued', 1],
  ['an identifier in neither list', { call: 'lapse', kind: 'missing_all' }, 'lapse', 'unknown', 'vendor_omitted', 1],
  ['lists that are null', { call: 'lapse', kind: 'null_lists' }, 'lapse', 'unknown', 'vendor_omitted', 1],
  ['echoed in capitals', { call: 'lapse', kind: 'echo_case' }, 'lapse', 'accepted', 'queued', 1],
  ['entries doubled', { call: 'lapse', kind: 'duplicate_entries' }, 'lapse', 'accepted', 'queued', 1],
  ['404 for the whole call', { call: 'lapse', status: 404, body: { code: '404', message: 'x' } }, 'lapse', 'failed', 'ambiguous_404', 1],
  ['400 for one alone', { call: 'lapse', status: 400 }, 'lapse', 'failed', 'rejected', 1],
  ['a redirect', { call: 'lapse', kind: 'redirect' }, 'lapse', 'failed', 'redirected', 1],
  ['a 200 that is not JSON', { call: 'lapse', kind: 'not_json' }, 'lapse', 'unknown', 'unreadable_answer', 1],
  ['the wrong content type', { call: 'lapse', kind: 'wrong_content_type' }, 'lapse', 'accepted', 'queued', 1],
  ['one 500, then well', { call: 'lapse', statuses: [500, 500, 200] }, 'lapse', 'accepted', 'queued', 3],
  ['HTML with 503, then well', { call: 'lapse', kind: 'html', times: 1 }, 'lapse', 'accepted', 'queued', 2],
  ['429, then well', { call: 'lapse', kind: 'rate_limited', retry_after: 1 }, 'lapse', 'accepted', 'queued', 1],
  ['an expired token', { call: 'lapse', kind: 'expire_token' }, 'lapse', 'accepted', 'queued', 1],
  // Capillary
  ['an entry without its id (8890)', { call: 'revoke', kind: 'success_without_id' }, 'revoke', 'failed', 'not_applied', 1],
  ['the sample\'s own form of the issual id', { call: 'revoke', kind: 'issual_id_sample' }, 'enrol', 'succeeded', 'revoked', 1],
  ['codes and ids as text', { call: 'revoke', kind: 'string_codes' }, 'revoke', 'succeeded', 'revoked', 1],
  ['one entry, 8015, then found by the mobile', { call: 'revoke', kind: 'one_entry', code: 8015 }, 'revoke', 'succeeded', 'revoked', 2],
  ['one entry, 8892', { call: 'revoke', kind: 'one_entry', code: 8892 }, 'revoke', 'failed', 'promotion_inactive', 1],
  ['8903 without earn ids', { call: 'revoke', kind: 'one_entry', code: 8903 }, 'revoke', 'succeeded', 'already_revoked', 1],
  ['the older delink shape', { call: 'delink', kind: 'older_delink_shape' }, 'delink', 'succeeded', 'delinked', 1],
  ['status:false under code 200', { call: 'delink', kind: 'status_false_code_200' }, 'delink', 'unknown', 'contradictory_answer', 1],
  // Billing
  ['a PHP notice before true', { call: 'forget', body: 'Notice: x\ntrue', status: 200 }, 'forget', 'unknown', 'unexpected_body', 1],
  ['1 for true', { call: 'forget', body: '1', status: 200 }, 'forget', 'unknown', 'unexpected_body', 1],
  ['false', { call: 'forget', body: 'false', status: 200 }, 'forget', 'failed', 'refused', 1],
  ['{"result":true}', { call: 'forget', body: '{"result":true}', status: 200, act: true }, 'forget', 'succeeded', 'forgotten', 1],
  ['a login page', { call: 'forget', body: '<html>log in</html>', content_type: 'text/html', status: 200 }, 'forget', 'unknown', 'unexpected_body', 1],
  ['a redirect to a login page', { call: 'forget', kind: 'redirect' }, 'forget', 'failed', 'redirected', 1],
  ['404', { call: 'forget', status: 404 }, 'forget', 'failed', 'ambiguous_404', 1],
  ['an empty 200', { call: 'forget', body: '', status: 200 }, 'forget', 'unknown', 'unexpected_body', 1],
];

test('single customers', async (t) => {
  await together(async (gateway, sandbox) => {
    // Tokens first, so that a fault meets the call it is meant for.
    await gateway.offboard({ customers: ask('everything', 1, 500).customers }, 200);
    for (const [i, [name, fault, plan, status, code, attempts]] of single.entries()) {
      await t.test(`${plan}: ${name}`, async () => {
        await sandbox.fault(fault);
        const ok = ['accepted', 'succeeded', 'absent'].includes(status);
        const { body } = await gateway.offboard(ask(plan, 1, i), ok ? 200 : 207);
        const step = only(body);
        assert.deepEqual([step.status, step.code, step.attempts], [status, code, attempts], JSON.stringify(step));
        assert.deepEqual((await sandbox.control('GET', 'faults')).faults, [], 'the fault was not met');
      });
    }
  });
});

// A lost answer follows the action's own rule, whichever way it is lost.
for (const kind of ['cut', 'cut_after_headers', 'cut_mid_body', 'truncated', 'reset']) {
  for (const [plan, call] of [['lapse', 'lapse'], ['delink', 'delink'], ['revoke', 'revoke']]) {
    test(`${call} is repeated after ${kind}`, () => together(async (gateway, sandbox) => {
      await sandbox.fault({ call, kind, times: 2 });
      const { body } = await gateway.offboard(ask(plan), 200);
      assert.equal(only(body).attempts, 3);
      assert.equal((await sandbox.calls(call)).length, 3);
    }));
  }
  test(`forget is repeated once after ${kind}, and is unknown then`, () => together(async (gateway, sandbox) => {
    await sandbox.fault({ call: 'forget', kind, times: 0 });
    const { body } = await gateway.offboard(ask('forget'), 207);
    assert.deepEqual([only(body).status, only(body).code, only(body).attempts], ['unknown', 'outcome_unknown', 2]);
    assert.equal((await sandbox.calls('forget')).length, 2);
  }));
}

test('an answer that never comes is given up at the timeout, and a slow request becomes 202', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'forget', kind: 'stall', times: 1 });
  const { body } = await gateway.offboard(ask('forget'), 202, { prefer: 'wait=0' });
  const settled = await gateway.settled(body.id);
  assert.equal(only(settled).attempts, 2);
  assert.equal(only(settled).status, 'succeeded');
}, { each: { billing: { timeout: '200ms' } } }));

test('a stale pooled connection is replaced without anybody noticing', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', kind: 'close_after_answer', times: 0 });
  let attempts = 0;
  for (let i = 0; i < 5; ++i) {
    const { body } = await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(i) }] }, 200);
    attempts += only(body).attempts;
  }
  // Nearly always found dead before anything is sent; where it was not, the second sending is told.
  assert.ok((await sandbox.calls('lapse')).length <= attempts);
  assert.equal(Object.keys((await sandbox.state()).lapsed).length, 5);
}));

test('one token serves many calls, and a dead one is renewed once', () => together(async (gateway, sandbox) => {
  await Promise.all(Array.from({ length: 20 }, (_, i) => gateway.offboard({ plan: 'revoke', customers: [{ identifiers: person(i) }] }, 200)));
  assert.equal((await sandbox.calls('capillary_token')).length, 1);
  await sandbox.control('DELETE', 'tokens');
  await gateway.offboard(ask('revoke'), 200);
  assert.equal((await sandbox.calls('capillary_token')).length, 2);
}));

test('credentials that stay refused fail the steps in the end, and not the gateway', () => together(async (gateway) => {
  const { body } = await gateway.offboard({ plan: 'everything', customers: [{ identifiers: person() }] }, 207);
  const by = steps(body.customers[0]);
  for (const name of ['mention_me.lapse', 'capillary.revoke_earn', 'capillary.delink p3e1']) {
    assert.deepEqual([by[name].status, by[name].code, by[name].retryable], ['failed', 'vendor_auth', true], name);
  }
  assert.equal(by['billing.forget'].code, 'gate_shut');
}, { each: { mention_me: { client_secret: 'wrong' }, capillary: { oauth: { key: 'test', secret: 'wrong' } } }, give_up_after: '1s' }));

/** [what the refusal is, the fault, plan, calls that met it] */
const refusals = [
  ['403', { call: 'lapse', status: 403, times: 0 }, 'lapse', 1],
  ['a token refused twice', { call: 'lapse', kind: 'expire_token', times: 0 }, 'lapse', 2],
  ['401 for a key', { call: 'forget', status: 401, times: 0 }, 'forget', 1],
];
for (const [name, fault, plan, calls] of refusals) {
  test(`refused credentials hold the customers of that call, and no other call goes: ${name}`, () => together(async (gateway, sandbox) => {
    await gateway.offboard(ask('everything', 1, 500), 200);
    const before = (await sandbox.calls(plan)).length;
    await sandbox.fault(fault);
    const { body: first } = await gateway.offboard(ask(plan), 202, { prefer: 'respond-async' });
    await gateway.program.seen((l) => l.includes('"vendor refuses our credentials"'));
    const others = await Promise.all([1, 2, 3].map((n) => gateway.offboard(ask(plan, 1, n), 202, { prefer: 'wait=0' })));
    assert.equal((await sandbox.calls(plan)).length - before, calls);
    const held = (await gateway.get(`/offboard/${first.id}`, 202)).body;
    assert.deepEqual([only(held).status, only(held).code], ['pending', 'vendor_auth']);
    // Other kinds of calls go on.
    await gateway.offboard(ask(plan === 'lapse' ? 'forget' : 'lapse', 1, 9), 200);
    for (const { body } of [{ body: first }, ...others]) await gateway.command('cancel', body.id, [200, 207]);
  }));
}

test('nobody is absent at Capillary before every identifier says so', () => together(async (gateway, sandbox) => {
  const gone = { email: 'absent.gone@example.com', mobile: '9199404', capillary_id: '4299404' };
  const { body } = await gateway.offboard({ plan: 'revoke', customers: [{ identifiers: gone }, { identifiers: { capillary_id: '4399404' } }] }, 200);
  const [all, one] = body.customers.map((c) => c.steps[0]);
  assert.deepEqual([all.status, all.attempts, all.vendor.absent_by], ['absent', 3, ['capillary_id', 'mobile', 'email']]);
  assert.deepEqual([one.status, one.attempts, one.vendor.absent_by], ['absent', 1, ['capillary_id']]);
  const calls = (await sandbox.calls('revoke')).map((c) => c.customers.length);
  assert.deepEqual(calls, [2, 1, 1], 'the next identifiers are asked about alone');
}));

test('Capillary by Basic', () => together(async (gateway, sandbox) => {
  await gateway.offboard(ask('revoke'), 200);
  const [call] = await sandbox.calls('revoke');
  assert.equal(call.headers.authorization, 'Basic c3RvcmUuc2VydmVyOjhhMTZhNmI3MDUwNWViMWYxZmY3Y2RjMGNkNTU1OWE3');
}, { each: { capillary: { oauth: undefined, basic: { username: 'store.server', password: 'server123' } } } }));

const mixed = (n, kind) => Array.from({ length: n }, (_, i) => {
  const special = i % 7 === 3 ? '99404' : i % 7 === 5 ? '99500' : '00000';
  return { ref: `r${i}`, identifiers: { [kind]: `${4000 + i}${special}` } };
});

// Whatever a packed answer looks like, each customer's status agrees with what the sandbox did, or is `unknown`.
for (const kind of ['capillary_id', 'mobile']) {
  for (const fault of ['none', 'shuffle', 'missing_entry', 'missing_all', 'duplicate_entries', 'one_entry', 'string_codes']) {
    test(`forty customers by ${kind}, mixed, ${fault}`, () => together(async (gateway, sandbox) => {
      if (fault !== 'none') await sandbox.fault({ call: 'revoke', kind: fault, times: fault === 'shuffle' ? 0 : 1 });
      const customers = mixed(40, kind);
      const { body } = await gateway.offboard({ plan: 'revoke', customers }, 207);
      for (const [i, customer] of body.customers.entries()) {
        const step = customer.steps[0];
        const status = i % 7 === 3 ? 'absent' : i % 7 === 5 ? 'failed' : 'succeeded';
        assert.equal(step.status, status, `${fault} ${i} ${JSON.stringify(step)}`);
      }
    }));
  }
}

test('one poison customer in a full call costs the others nothing', () => together(async (gateway, sandbox) => {
  for (const [plan, special] of [['lapse', { email: 'poison@example.com' }], ['revoke', { capillary_id: '42399400' }]]) {
    const { customers } = ask(plan, 100);
    Object.assign(customers[37].identifiers, special);
    const { body } = await gateway.offboard({ plan, customers }, 207);
    assert.equal(body.summary.ok, 99);
    assert.deepEqual([body.customers[37].steps[0].status, body.customers[37].steps[0].code], ['failed', 'rejected']);
  }
}));

test('a customer in neither list of a full call is sent once more, alone in the end', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', kind: 'missing_entry' });
  const { body } = await gateway.offboard(ask('lapse', 50), 200);
  assert.equal(body.summary.ok, 50);
  assert.deepEqual((await sandbox.calls('lapse')).map((c) => c.customers.length), [50, 1]);
}));

test('customers are absent, failing or done each for himself', () => together(async (gateway) => {
  const identifiers = (n, special) => ({ ...person(n), ...special });
  const { body } = await gateway.offboard({ customers: [
    { identifiers: identifiers(1, { email: 'absent@example.com' }) },
    { identifiers: identifiers(2, { mobile: '9198000099404' }) },
    { identifiers: identifiers(3, { billing_customer_id: '7799404' }) },
    { identifiers: identifiers(4, { billing_customer_id: '7799500' }) },
    { identifiers: identifiers(5) },
  ] }, 207);
  assert.deepEqual(body.customers.map((c) => c.status), ['ok', 'ok', 'partial', 'partial', 'ok']);
  assert.equal(steps(body.customers[2])['billing.forget'].code, 'ambiguous_404');
}));

// What an operator reads when a vendor is in trouble: which, where, and why; and nothing about anybody.
/** A port where nobody listens. */
async function unused() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

const told = (gateway, message) => gateway.program.lines.map((l) => JSON.parse(l)).filter((l) => l.message === message);
const troubles = [
  ['nobody listens there', { closed: true }, undefined, 'no usable answer from the token endpoint: not connected: Connection refused', undefined],
  ['it answers 503', {}, { call: 'lapse', status: 503, times: 0 }, 'answered with status 503', 'vendor_error'],
  ['it hangs', { timeout: '100ms' }, { call: 'lapse', kind: 'stall', times: 0 }, 'no answer in time', undefined],
  ['it hangs up', {}, { call: 'lapse', kind: 'cut', times: 0 }, 'connection lost before the answer was complete: End of file', undefined],
];
for (const [name, { closed, ...changes }, fault, reason, code] of troubles) {
  test(`the log says which vendor is in trouble, where and why: ${name}`, async () => {
    const sandbox = await Sandbox.start();
    const port = closed ? await unused() : sandbox.port;
    const gateway = await Gateway.start(configuration(sandbox.port, {
      each: { mention_me: { base_url: `http://127.0.0.1:${port}`, breaker: { failures: 2 }, ...changes } }, drain: { timeout: '10ms' },
    }));
    try {
      if (fault) await sandbox.fault(fault);
      await gateway.offboard(ask('lapse'), 202, { prefer: 'respond-async' });
      const open = JSON.parse(await gateway.program.seen((l) => l.includes('"breaker open: customers wait"')));
      const where = { vendor: 'mention_me', step: 'mention_me.lapse', server: `127.0.0.1:${port}` };
      assert.deepEqual({ ...open, time: 0 }, { time: 0, level: 'warn', message: open.message, ...where, reason });
      const [failed] = told(gateway, 'vendor call failed');
      assert.deepEqual([failed.level, failed.vendor, failed.step, failed.server, failed.reason, failed.code], ['warn', ...Object.values(where), reason, code]);
      const [token] = told(gateway, 'token request failed');
      assert.deepEqual([token?.server, token?.reason], closed ? [where.server, 'not connected: Connection refused'] : [undefined, undefined]);
      for (const line of [open, failed, token]) assert.ok(!/oauth|\/api|\/lapse/.test(JSON.stringify(line ?? {})), 'a path stands in it');
    } finally {
      await gateway.stop();
      await sandbox.stop();
    }
  });
}

test('a vendor that fails for long does not flood the log', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'forget', status: 404, times: 40 });
  await gateway.offboard(ask('forget', 40), 207);
  assert.equal((await sandbox.calls('forget')).length, 40);
  let n = 0;
  await gateway.program.seen((l) => l.includes('"vendor call failed"') && ++n === 10);
  // Ten at once, and then one in ten seconds: a minute's worth, at most, in the time that a test has.
  const lines = told(gateway, 'vendor call failed');
  assert.ok(lines.length >= 10 && lines.length <= 16, `${lines.length} lines`);
  assert.ok(lines.every((l) => l.code === 'ambiguous_404' && l.reason === 'answered with status 404'));
}));
