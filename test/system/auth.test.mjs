// Who may call: API keys, scopes, whose an operation is, quotas. Tokens have auth_tokens.test.mjs.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { configuration, exchange, person, Program, program, together } from './harness.mjs';

const one = (plan, n = 0, more = {}) => ({ plan, customers: [{ identifiers: person(n) }], ...more });
const problem = (answer) => answer.body.type.replace('urn:offboard:problem:', '');

// The harness looks for the end of each key in the log.

const keyOf = (name) => `${name}-secret-7f3a`;
const hashOf = (name) => createHash('sha256').update(keyOf(name)).digest('hex');
const as = (name, more = {}) => ({ 'x-api-key': keyOf(name), ...more });
const key = (name, scopes, more = {}) => ({ name, sha256: hashOf(name), scopes: scopes.map((s) => `offboard:${s}`), ...more });
const everybody = [
  key('crm', ['write', 'read']), key('eraser', ['write', 'read', 'erase']), key('reader', ['read']), key('writer', ['write']),
  key('desk', ['read', 'operate']), key('chief', ['write', 'read', 'erase', 'operate']),
];
const withKeys = (body, more = {}) => together(async (gateway, sandbox) => {
  await body(gateway, sandbox);
  const log = gateway.program.lines.join('\n');
  for (const { sha256 } of gateway.config.auth.api_keys) assert.ok(!log.includes(sha256.slice(0, 16)), 'a hash stands in the log');
}, { auth: { api_keys: everybody }, ...more });

test('without credentials, or with bad ones, it is 401 with a challenge', () => withKeys(async (gateway, sandbox) => {
  for (const [headers, challenge] of [
    [{}, 'Bearer realm="offboard"'],
    [{ authorization: 'Basic Y3JtOng=' }, 'Bearer realm="offboard"'],
    [{ 'x-api-key': 'guess' }, 'Bearer realm="offboard", error="invalid_token"'],
    [{ authorization: 'Bearer guess' }, 'Bearer realm="offboard", error="invalid_token"'],
    [{ authorization: 'Bearer a.b.c' }, 'Bearer realm="offboard", error="invalid_token"'],
    [{ 'x-api-key': hashOf('crm') }, 'Bearer realm="offboard", error="invalid_token"'],
  ]) {
    const answer = await gateway.offboard(one('lapse'), 401, headers);
    assert.equal(problem(answer), 'unauthenticated');
    assert.equal(answer.headers['www-authenticate'], challenge);
  }
  const id = '01JD2M7Q0R8W2C5V9T3K6H4XNB';
  for (const [method, path] of [['GET', `/offboard/${id}`], ['HEAD', `/offboard/${id}`], ['POST', `/offboard/${id}/retry`],
    ['POST', `/offboard/${id}/cancel`], ['POST', '/offboard/lookup']]) {
    const answer = await exchange(gateway.port, method, path);
    assert.equal(answer.status, 401, `${method} ${path}`);
    gateway.judge(method, path, answer);
  }
  assert.equal((await sandbox.count('lapse')).calls, 0);
}));

test('credentials given twice are 400', () => withKeys(async (gateway) => {
  for (const headers of [as('crm', { authorization: `Bearer ${keyOf('crm')}` }), { 'x-api-key': [keyOf('crm'), keyOf('crm')] }]) {
    assert.equal(problem(await gateway.offboard(one('lapse'), 400, headers)), 'bad-request');
  }
}));

test('a key works in either field', () => withKeys(async (gateway) => {
  const { body } = await gateway.offboard(one('lapse'), 200, as('crm'));
  assert.equal(body.requested_by, 'crm');
  await gateway.offboard(one('lapse', 1), 200, { authorization: `Bearer ${keyOf('crm')}` });
  await gateway.program.seen((l) => l.includes('"caller":"crm"'));
}));

test('the contract and the admin listener are open', () => withKeys(async (gateway) => {
  await gateway.get('/openapi.yaml', 200);
  for (const path of ['/livez', '/readyz', '/metrics']) assert.equal((await exchange(gateway.admin, 'GET', path)).status, 200);
}));

test('who is not known is refused before the body is read', () => withKeys(async (gateway) => {
  const socket = net.connect(gateway.port, '127.0.0.1');
  socket.write('POST /offboard HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n');
  const [first] = await once(socket, 'data');
  assert.match(String(first), /^HTTP\/1\.1 401 /);
  socket.destroy();
}));

test('a missing scope is 403 and named, also for a dry run', () => withKeys(async (gateway, sandbox) => {
  const dry = { options: { dry_run: true } };
  const lacking = async (answer, scopes) => {
    assert.equal(problem(answer), 'insufficient-scope');
    assert.ok(answer.body.detail.includes(scopes), answer.body.detail);
    assert.equal(answer.headers['www-authenticate'], `Bearer realm="offboard", error="insufficient_scope", scope="${scopes}"`);
  };
  await lacking(await gateway.offboard(one('lapse'), 403, as('reader')), 'offboard:write');
  await lacking(await gateway.offboard(one('forget'), 403, as('crm')), 'offboard:erase');
  await lacking(await gateway.offboard(one('forget', 0, dry), 403, as('crm')), 'offboard:erase');
  await lacking(await gateway.offboard(one('purge'), 403, as('crm')), 'offboard:erase');
  const hasty = { steps: { billing: { forget: {} }, options: { erase_gate: 'none' } }, customers: [{ identifiers: person() }] };
  await lacking(await gateway.offboard(hasty, 403, as('eraser')), 'offboard:operate');
  await lacking(await gateway.offboard(hasty, 403, as('crm')), 'offboard:erase offboard:operate');
  const told = (await gateway.offboard(hasty, 403, as('crm'))).body.detail;
  assert.match(told, /offboard:erase for a plan with billing\.forget/);
  assert.match(told, /offboard:operate for the option erase_gate: none/);
  assert.match((await gateway.offboard(one('lapse'), 403, as('reader'))).body.detail, /offboard:write for POST \/offboard\)/);
  assert.deepEqual([(await sandbox.count('lapse')).calls, (await sandbox.count('forget')).calls], [0, 0]);
  await gateway.offboard(one('forget'), 200, as('eraser'));
  await gateway.offboard(hasty, 200, as('chief'));

  const { body } = await gateway.offboard(one('lapse', 1), 200, as('writer'));
  await lacking(await gateway.get(`/offboard/${body.id}`, 403, as('writer')), 'offboard:read');
  for (const verb of ['retry', 'cancel']) {
    await lacking(await gateway.command(verb, body.id, 403, as('writer')), 'offboard:operate');
    await gateway.command(verb, body.id, 409, as('desk'));
  }
  const whom = { identifier: { type: 'email', value: person(1).email } };
  await lacking(await gateway.lookup(whom, 403, as('crm')), 'offboard:operate');
  const found = await gateway.lookup(whom, 200, as('desk'));
  assert.deepEqual(found.body.operations.map((o) => o.id), [body.id]);
}));

for (const journal of ['memory', 'sqlite']) {
  test(`${journal}: an operation is there for its own caller and for operate`, () => withKeys(async (gateway, sandbox) => {
    const settled = (await gateway.offboard(one('lapse'), 200, as('crm'))).body.id;
    await sandbox.fault({ call: 'lapse', kind: 'stall', times: 0 });
    const pending = (await gateway.offboard(one('lapse', 1), 202, as('crm', { prefer: 'respond-async' }))).body.id;
    for (const [id, status] of [[settled, 200], [pending, 202]]) {
      await gateway.get(`/offboard/${id}`, status, as('crm'));
      await gateway.get(`/offboard/${id}`, status, as('desk'));
      // At once, although it asks to wait for what would not settle.
      const hidden = await gateway.get(`/offboard/${id}`, 404, as('reader', { prefer: 'wait=25' }));
      assert.equal(problem(hidden), 'not-found');
    }
    await sandbox.clear();
    await gateway.get(`/offboard/${pending}`, 200, as('crm', { prefer: 'wait=25' }));
  }, { journal }));

  test(`${journal}: an Idempotency-Key is the caller's own`, () => withKeys(async (gateway, sandbox) => {
    const keyed = { 'idempotency-key': '"k"' };
    const mine = await gateway.offboard(one('lapse'), 200, as('crm', keyed));
    const theirs = await gateway.offboard(one('lapse'), 200, as('eraser', keyed));
    assert.notEqual(mine.body.id, theirs.body.id);
    assert.equal(theirs.headers['idempotent-replayed'], undefined);
    const again = await gateway.offboard(one('lapse'), 200, as('crm', keyed));
    assert.deepEqual([again.body.id, again.headers['idempotent-replayed']], [mine.body.id, 'true']);
    assert.equal((await sandbox.count('lapse')).calls, 2);
  }, { journal }));
}

test('beyond its quota a caller gets 429 until there is one again, and nobody else does', () => withKeys(async (gateway, sandbox) => {
  const bounded = as('bounded');
  const rates = ({ headers }) => [headers['ratelimit-policy'], headers.ratelimit?.replace(/t=[0-9]+$/, 't')];
  const policy = '"caller";q=2;w=86400';
  assert.deepEqual(rates(await gateway.offboard(one('lapse'), 200, bounded)), [policy, '"caller";r=1;t']);
  const second = await gateway.offboard(one('lapse', 1), 200, bounded);
  assert.deepEqual(rates(second), [policy, '"caller";r=0;t']);
  const { body } = second;
  const refused = await gateway.offboard(one('lapse', 2), 429, bounded);
  assert.equal(problem(refused), 'quota-exhausted');
  assert.deepEqual(rates(refused), [policy, '"caller";r=0;t']);
  assert.deepEqual(rates(await gateway.get(`/offboard/${body.id}`, 200, as('desk'))), [undefined, undefined]);
  const wait = Number(refused.headers['retry-after']);
  assert.ok(wait > 0 && wait <= 43_200, String(wait));
  await gateway.get(`/offboard/${body.id}`, 429, bounded);
  await gateway.get(`/offboard/${body.id}`, 200, as('desk'));
  await gateway.offboard(one('lapse', 3), 200, as('crm'));
  assert.equal((await sandbox.count('lapse')).calls, 3);
  const { operations } = (await gateway.lookup({ identifier: { type: 'email', value: person(2).email } }, 200, as('desk'))).body;
  assert.deepEqual(operations, []);
}, { auth: { api_keys: [...everybody, key('bounded', ['write', 'read'], { quota: { requests: 2, per: '24h' } })] } }));

test('with authentication the gateway may listen on any address, without it it may not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'offboard-'));
  const check = async (changes) => {
    const file = join(folder, 'offboard.yaml');
    writeFileSync(file, JSON.stringify(configuration(9, { listen: '0.0.0.0:0', ...changes })));
    return (await new Program(program('offboard-gateway'), ['--config', file, '--check-config']).ended).code;
  };
  assert.equal(await check({}), 2);
  assert.equal(await check({ auth: 'none' }), 2);
  assert.equal(await check({ auth: { api_keys: everybody } }), 0);
  rmSync(folder, { recursive: true });
});
