// The main job: requests of all sizes through the real gateway, compared with what the sandbox says it received.
import assert from 'node:assert/strict';
import test from 'node:test';

import { exchange, person, plans, steps, together } from './harness.mjs';

test('one customer is offboarded at every vendor', () => together(async (gateway, sandbox) => {
  const who = person();
  const { body } = await gateway.offboard({ customers: [{ ref: 'crm-8841', identifiers: who }] }, 200);
  const by = steps(body.customers[0]);
  assert.equal(by['mention_me.lapse'].code, 'queued');
  assert.equal(by['capillary.revoke_earn'].code, 'revoked');
  assert.equal(by['capillary.revoke_enrol'].code, 'revoked');
  assert.equal(by['capillary.delink 1stProgram'].code, 'delinked');
  assert.equal(by['billing.forget'].code, 'forgotten');
  const state = await sandbox.state();
  assert.deepEqual(state.lapsed, { [`email:${who.email}`]: 1 });
  assert.deepEqual(state.forgotten, { [`customer_id:${who.billing_customer_id}`]: { times: 1, keep: 'country' } });
  assert.equal(Object.keys(state.delinked).length, 2);
  assert.equal(state.revoked_enrolments.length, 1);
  assert.deepEqual(by['capillary.revoke_earn'].vendor.revoked_earn_ids.sort(), state.revoked_earns.map((e) => e.earn_id).sort());
  assert.deepEqual(body.remains, [
    { vendor: 'mention_me', holds: 'profile', because: 'lapsed, not purged' },
    { vendor: 'capillary', holds: 'profile', because: 'promotions and programmes are revoked, the profile stays' },
    { vendor: 'billing', holds: 'country', because: 'kept by the plan' },
  ]);
  const again = await gateway.get(`/offboard/${body.id}`, 200);
  assert.deepEqual(again.body, body);
}));

test('the bytes of the four calls are those of the vendors\' own samples', () => together(async (gateway, sandbox) => {
  const identifiers = { email: 'jane@example.com', mobile: '919800000000', capillary_id: '423927867', billing_customer_id: '191' };
  const samples = structuredClone(plans.everything);
  samples.billing.forget = {};
  await gateway.offboard({ steps: samples, customers: [{ identifiers }] }, 200);
  const sent = Object.fromEntries((await sandbox.calls()).map((c) => [c.call, c]));
  const revokes = await sandbox.calls('revoke');
  const shape = (c) => [c.method, c.target, c.headers['content-type']];
  assert.deepEqual(shape(sent.lapse), ['POST', '/api/merchant/v2/customers/lapse', 'application/json']);
  assert.deepEqual(JSON.parse(sent.lapse.body), { identifiers: [{ type: 'email', value: 'jane@example.com' }] });
  assert.match(sent.lapse.headers.authorization, /^Bearer \S+$/);
  const revoke = (bulkAction) => ({
    type: 'CUSTOMER', bulkAction, promotionDetails: { programId: 2714, promotionId: '202779' }, identifierName: 'id',
    customers: [{ identifierValue: '423927867', source: 'INSTORE' }],
  });
  for (const [i, action] of ['REVOKE_EARN', 'REVOKE_ENROL'].entries()) {
    assert.deepEqual(shape(revokes[i]), ['POST', '/v2/promotion/bulk/revokeEnrolAndEarn', 'application/json']);
    assert.deepEqual(JSON.parse(revokes[i].body), revoke(action));
    assert.ok(revokes[i].headers['x-cap-api-oauth-token']);
    assert.equal(revokes[i].headers.authorization, undefined);
  }
  assert.deepEqual(shape(sent.delink), ['POST', '/v2/partnerProgram/deLinkCustomer', 'application/json']);
  assert.deepEqual(JSON.parse(sent.delink.body), {
    deLinkCustomers: [{ customer: { mobile: 919800000000 }, deLinkFromPartnerPrograms: [{ partnerProgramName: '1stProgram' }, { partnerProgramName: 'p3e1' }] }],
  });
  assert.deepEqual(shape(sent.forget), ['PATCH', '/api/customer/forget', 'application/x-www-form-urlencoded']);
  assert.equal(sent.forget.body, 'customer_id=191');
  assert.equal(sent.forget.headers['api-username'], 'test');
  assert.equal(sent.forget.headers['api-key'], 'billing-secret-7f3a');
  assert.deepEqual(JSON.parse(sent.mention_me_token.body), { client_id: 'test', client_secret: 'mm-secret-7f3a', grant_type: 'client_credentials' });
  assert.deepEqual(JSON.parse(sent.capillary_token.body), { key: 'test', secret: 'cap-secret-7f3a' });
}));

test('what looks like syntax travels as one value or is refused', () => together(async (gateway, sandbox) => {
  const email = 'jo+"\\{}<&>@example.com';
  await gateway.offboard({ plan: 'forget', customers: [{ identifiers: { billing_customer_id: '191&keep=password' } }] }, 200);
  await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: { email } }] }, 200);
  const [forget] = await sandbox.calls('forget');
  assert.deepEqual([...new URLSearchParams(forget.body)], [['customer_id', '191&keep=password']]);
  const [lapse] = await sandbox.calls('lapse');
  assert.equal(JSON.parse(lapse.body).identifiers[0].value, email);
  for (const identifiers of [{ email: 'jo@example.com\r\nX-Evil: 1' }, { email: 'jo@example.com', mobile: '91 98 00' }]) {
    const { body } = await gateway.offboard({ plan: 'lapse', customers: [{ identifiers }] }, 400);
    assert.equal(body.errors.length, 1);
  }
  assert.equal((await sandbox.calls('lapse')).length, 1);
}));

for (const size of [100, 1000]) {
  test(`${size} customers are cut into calls of at most the cap, each with its own outcomes`, () => together(async (gateway, sandbox) => {
    const customers = Array.from({ length: size }, (_, i) => ({ ref: `r${i}`, identifiers: person(i) }));
    for (let i = 0; i < size; i += 10) customers[i].identifiers.email = `absent.${i}@example.com`;
    const { body } = await gateway.offboard({ customers }, 200, { prefer: 'wait=25' });
    for (const [i, customer] of body.customers.entries()) {
      assert.equal(steps(customer)['mention_me.lapse'].status, i % 10 === 0 ? 'absent' : 'accepted');
    }
    const lapse = await sandbox.count('lapse');
    assert.equal(lapse.customers, size);
    assert.equal(lapse.calls, size / 100);
    assert.ok((await sandbox.count('revoke')).max_customers <= 100);
    const state = await sandbox.state();
    assert.equal(Object.keys(state.forgotten).length, size);
    assert.ok(Object.values(state.forgotten).every((f) => f.times === 1));
    assert.equal(Object.keys(state.lapsed).length, size * 0.9);
  }));
}

test('equal identifiers cost one place and get an answer each', () => together(async (gateway, sandbox) => {
  const who = person(7);
  const { body } = await gateway.offboard({ customers: [{ identifiers: who }, { identifiers: who }] }, 200);
  assert.equal(body.customers.length, 2);
  assert.equal((await sandbox.count('lapse')).customers, 1);
  assert.equal((await sandbox.count('forget')).calls, 1);
}));

test('nobody is erased while another step is not OK', () => together(async (gateway, sandbox) => {
  const who = { ...person(8), email: 'fail.8@example.com' };
  const shut = await gateway.offboard({ customers: [{ identifiers: who }] }, 207);
  assert.equal(steps(shut.body.customers[0])['billing.forget'].code, 'gate_shut');
  assert.deepEqual(steps(shut.body.customers[0])['billing.forget'].blocked_by, ['mention_me.lapse']);
  assert.deepEqual((await sandbox.state()).forgotten, {});
  const settled = await gateway.offboard({ customers: [{ identifiers: who }], options: { erase_gate: 'settled' } }, 207);
  assert.equal(steps(settled.body.customers[0])['billing.forget'].code, 'forgotten');
}));

test('a failed revoke of earns leaves the enrolment alone', () => together(async (gateway, sandbox) => {
  const { body } = await gateway.offboard({ plan: 'enrol', customers: [{ identifiers: { capillary_id: '42399500' } }] }, 207);
  const by = steps(body.customers[0]);
  assert.equal(by['capillary.revoke_earn'].status, 'failed');
  assert.equal(by['capillary.revoke_enrol'].code, 'gate_shut');
  assert.equal((await sandbox.calls('revoke')).length, 1);
}));

test('a dry run says what would be sent and sends nothing', () => together(async (gateway, sandbox) => {
  const customers = Array.from({ length: 250 }, (_, i) => ({ identifiers: person(i) }));
  const { body } = await gateway.offboard({ customers, options: { dry_run: true } }, 200);
  assert.equal((await sandbox.calls()).length, 0);
  assert.deepEqual(body.calls.filter((c) => c.step === 'mention_me.lapse').map((c) => c.customers), [100, 100, 50]);
  const { body: live } = await gateway.offboard({ customers }, 200, { prefer: 'wait=25' });
  assert.equal(live.summary.ok, 250);
  const planned = body.calls.map((c) => `${c.method} ${new URL(c.url).pathname}`).sort();
  const sent = (await sandbox.calls()).filter((c) => !c.call.endsWith('_token')).map((c) => `${c.method} ${c.target}`).sort();
  assert.deepEqual(sent.length >= planned.length, true);
  assert.deepEqual([...new Set(sent)], [...new Set(planned)]);
  assert.ok(!JSON.stringify(body).includes('secret-7f3a'));
}));

test('one 400 lists every fault, and nothing is sent', () => together(async (gateway, sandbox) => {
  const { body } = await gateway.offboard({
    plan: 'everything', dry_rum: true,
    customers: [{ identifiers: { email: 'jo@example.com' } }, { ref: 'x'.repeat(129), identifiers: person(), earn_ids: [] }],
  }, 400);
  const pointers = body.errors.map((e) => e.pointer);
  for (const expected of ['/dry_rum', '/customers/0/identifiers', '/customers/1/ref', '/customers/1/earn_ids']) assert.ok(pointers.includes(expected), expected);
  const needs = body.errors.filter((e) => e.pointer === '/customers/0/identifiers').map((e) => e.detail.split(' ')[0]);
  assert.deepEqual(needs, ['billing.forget']); // an email serves all the others
  assert.equal((await sandbox.calls()).length, 0);
}));

test('a missing identifier may be skipped instead', () => together(async (gateway) => {
  const { body } = await gateway.offboard({
    plan: 'everything', customers: [{ identifiers: { email: 'jo.skip@example.com' } }], options: { missing_identifier: 'skip' },
  }, 200);
  assert.equal(steps(body.customers[0])['billing.forget'].code, 'no_identifier');
}));

test('explicit earn ids are the only ones revoked', () => together(async (gateway, sandbox) => {
  await sandbox.control('POST', 'earns', { identifier_name: 'id', identifier_value: '423900001', promotion_id: '202779', earn_ids: [960, 963, 964] });
  const ask = (earn_ids) => ({ plan: 'revoke', customers: [{ identifiers: { capillary_id: 423900001 }, earn_ids, source: 'website' }] });
  const { body } = await gateway.offboard(ask([963, 960]), 200);
  assert.deepEqual(steps(body.customers[0])['capillary.revoke_earn'].vendor.revoked_earn_ids.sort(), [960, 963]);
  const [call] = await sandbox.calls('revoke');
  assert.equal(JSON.parse(call.body).customers[0].source, 'WEBSITE');
  const again = await gateway.offboard(ask([960]), 207);
  assert.equal(steps(again.body.customers[0])['capillary.revoke_earn'].code, 'earn_ids_invalid');
}));

test('respond-async answers at once and the work goes on', () => together(async (gateway, sandbox) => {
  await sandbox.set({ latency_ms: 50 });
  const accepted = await gateway.offboard({ customers: [{ identifiers: person(3) }] }, 202, { prefer: 'respond-async' });
  assert.equal(accepted.headers['preference-applied'], 'respond-async');
  assert.equal(accepted.headers.location, `/offboard/${accepted.body.id}`);
  assert.equal((await gateway.settled(accepted.body.id)).status, 'ok');
}));

test('the contract is served, and what is not there is 404', () => together(async (gateway) => {
  const contract = await gateway.get('/openapi.yaml', 200);
  assert.match(contract.text, /^openapi: /m);
  await gateway.get('/offboard/01JD2M7Q0R8W2C5V9T3K6H4XNB', 404);
  await gateway.get('/offboard/jo@example.com', 404);
  for (const path of ['/livez', '/readyz']) {
    const probe = await exchange(gateway.admin, 'GET', path);
    assert.equal(probe.status, 200);
    gateway.judge('GET', path, probe);
    assert.equal((await exchange(gateway.port, 'GET', path)).status, 404);
  }
}));
