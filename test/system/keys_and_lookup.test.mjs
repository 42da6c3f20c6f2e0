// Idempotency keys, and finding operations by a person, with each of the journals.
import assert from 'node:assert/strict';
import net from 'node:net';

import { exchange, person, plans, withEachJournal } from './harness.mjs';

const one = (plan, n = 0, more = {}) => ({ plan, customers: [{ identifiers: person(n) }], ...more });
const asynchronous = { prefer: 'respond-async' };
const at_once = { prefer: 'wait=0' };
const json = { 'content-type': 'application/json' };

// Idempotency-Key

const keyed = (key) => ({ 'idempotency-key': key });
const replayed = (answer) => answer.headers['idempotent-replayed'];

withEachJournal('the same key and request is the same operation, while it is pending and when it is settled', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', kind: 'stall' });
  const request = one('lapse');
  const first = await gateway.offboard(request, 202, { ...keyed('"a key"'), ...asynchronous });
  assert.equal(replayed(first), undefined);
  await sandbox.sent('lapse');
  const pending = await gateway.offboard(request, 202, { ...keyed('"a key"'), ...at_once });
  assert.deepEqual([replayed(pending), pending.body.id], ['true', first.body.id]);
  const waiting = gateway.offboard(request, 200, { ...keyed('"a key"'), prefer: 'wait=20' });
  await sandbox.clear();
  assert.equal((await waiting).body.id, first.body.id);
  const settled = await gateway.offboard(request, 200, keyed('"a key"'));
  assert.equal(replayed(settled), 'true');
  assert.deepEqual(settled.body, (await gateway.get(`/offboard/${first.body.id}`, 200)).body);
  assert.equal((await sandbox.count('lapse')).calls, 2); // the stalled one, and its repetition
});

withEachJournal('twenty at one instant under one key are one operation', async (gateway, sandbox) => {
  const request = one('lapse');
  const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.offboard(request, 200, keyed('"at-once"'))));
  assert.equal(new Set(answers.map((a) => a.body.id)).size, 1);
  assert.equal(answers.filter((a) => replayed(a) === undefined).length, 1);
  assert.deepEqual([(await sandbox.count('lapse')).calls, (await sandbox.count('lapse')).customers], [1, 1]);
});

withEachJournal('a key stands for one request', async (gateway, sandbox) => {
  const { body } = await gateway.offboard(one('lapse'), 200, keyed('"k"'));
  await gateway.offboard(one('lapse', 1), 422, keyed('"k"'));
  const spaced = await exchange(gateway.port, 'POST', '/offboard', { body: `${JSON.stringify(one('lapse'))} `, headers: { ...json, ...keyed('"k"') } });
  assert.equal(spaced.status, 422); // other bytes
  gateway.judge('POST', '/offboard', spaced);
  assert.equal((await gateway.offboard(one('lapse'), 200, keyed('"k"'))).body.id, body.id);
  assert.equal((await sandbox.count('lapse')).calls, 1);
  const other = await gateway.offboard(one('lapse'), 200, keyed('"K"'));
  assert.notEqual(other.body.id, body.id);
});

withEachJournal('a key replays what became of a retry', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 404 });
  const { body: { id } } = await gateway.offboard(one('lapse'), 207, keyed('"r"'));
  await gateway.command('retry', id, 200);
  const again = await gateway.offboard(one('lapse'), 200, keyed('"r"'));
  assert.deepEqual([replayed(again), again.body.id, again.body.customers[0].steps[0].attempts], ['true', id, 2]);
  assert.equal((await sandbox.count('lapse')).calls, 2);
});

withEachJournal('quoted and bare, a key is its text', async (gateway, sandbox) => {
  const long = 'k'.repeat(255);
  for (const [n, forms] of [['8e03978e-40d5', '"8e03978e-40d5"'], ['"a\\"b\\\\c"'], ['"with blank, and comma"'], [long, `"${long}"`], ['"1"', '1']].entries()) {
    const ids = [];
    for (const form of [...forms, ...forms]) ids.push((await gateway.offboard(one('lapse', n), 200, keyed(form))).body.id);
    assert.equal(new Set(ids).size, 1, forms[0]);
  }
  const calls = (await sandbox.count('lapse')).calls;
  for (const bad of ['', '""', '"open', '"a"b"', '"a\\x"', 'two words', 'a,b', '"a";p=1', 'k'.repeat(256), `"${'k'.repeat(256)}"`, '"\u00e9"']) {
    const { body } = await gateway.offboard(one('lapse', 90), 400, keyed(bad));
    assert.equal(body.type, 'urn:offboard:problem:bad-request');
    if (bad.length > 2) assert.ok(!JSON.stringify(body).includes(bad));
  }
  const text = JSON.stringify(one('lapse', 90));
  const fields = ['Host: x', 'Connection: close', 'Content-Type: application/json', 'Idempotency-Key: a', 'Idempotency-Key: a', `Content-Length: ${text.length}`];
  const bytes = `POST /offboard HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${text}`;
  const doubled = await new Promise((done, reject) => {
    const socket = net.connect(gateway.port, '127.0.0.1', () => socket.write(bytes));
    let seen = '';
    socket.on('data', (chunk) => { seen += chunk; });
    socket.on('error', reject);
    socket.on('close', () => done(seen));
  });
  assert.match(doubled, /^HTTP\/1\.1 400 /);
  assert.equal((await sandbox.count('lapse')).calls, calls);
});

withEachJournal('a request that is refused takes no key', async (gateway, sandbox) => {
  await gateway.offboard({ plan: 'nope', customers: [{ identifiers: person() }] }, 400, keyed('"k"'));
  const mended = await gateway.offboard(one('lapse'), 200, keyed('"k"'));
  assert.equal(replayed(mended), undefined);

  await sandbox.fault({ call: 'forget', kind: 'stall' });
  const { body: holder } = await gateway.offboard(one('forget', 1), 202, asynchronous);
  await sandbox.sent('forget');
  const later = one('lapse', 2);
  await gateway.offboard(later, 503, keyed('"later"'));
  // However full it is, an earlier operation is told of.
  assert.equal((await gateway.offboard(one('lapse'), 200, keyed('"k"'))).body.id, mended.body.id);
  await gateway.offboard(later, 422, keyed('"k"'));
  await sandbox.clear();
  await gateway.settled(holder.id);
  assert.equal(replayed(await gateway.offboard(later, 200, keyed('"later"'))), undefined);
}, { limits: { queue: 1 } });

withEachJournal('a dry run takes no key and looks none up', async (gateway, sandbox) => {
  const dry = one('lapse', 0, { options: { dry_run: true } });
  await gateway.offboard(dry, 200, keyed('"k"'));
  assert.equal(replayed(await gateway.offboard(one('lapse'), 200, keyed('"k"'))), undefined);
  const again = await gateway.offboard(dry, 200, keyed('"k"'));
  assert.deepEqual([again.body.dry_run, replayed(again)], [true, undefined]);
  assert.equal((await sandbox.count('lapse')).calls, 1);
});

// Lookup

const everyKind = (n) => ({
  ...person(n), mention_me_customer_id: `mm-${n}-7731`, external_id: `ext-${n}-7731`, billing_subscription_id: `sub-${n}-7731`, billing_order_id: `ord-${n}-7731`,
});
/** What a lookup tells of an operation. */
const told = ({ summary, customers, ...rest }) => rest;
const found = async (gateway, type, value) => (await gateway.lookup({ identifier: { type, value } }, 200)).body.operations;

withEachJournal('a lookup finds operations by every kind of identifier, the newest first', async (gateway) => {
  const identifiers = everyKind(1);
  const { body: old } = await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: everyKind(2) }, { identifiers }] }, 200);
  const { body: recent } = await gateway.offboard({ steps: plans.lapse, customers: [{ identifiers }, { identifiers }] }, 200);
  for (const [type, value] of Object.entries(identifiers)) {
    assert.deepEqual(await found(gateway, type, value), [told(recent), told(old)], type);
  }
  assert.deepEqual((await found(gateway, 'email', everyKind(2).email)).map((o) => o.id), [old.id]);
  const mobile = identifiers.mobile;
  for (const form of [`+${mobile}`, Number(mobile), mobile]) assert.equal((await found(gateway, 'mobile', form)).length, 2);
  assert.equal((await found(gateway, 'capillary_id', Number(identifiers.capillary_id))).length, 2);
});

withEachJournal('a mobile given with its + is found without, and the other way round', async (gateway) => {
  const { body } = await gateway.offboard({ plan: 'delink', customers: [{ identifiers: { mobile: '+919812345678' } }] }, 200);
  for (const value of ['919812345678', '+919812345678', 919812345678]) assert.deepEqual((await found(gateway, 'mobile', value)).map((o) => o.id), [body.id]);
});

withEachJournal('whom nobody asked for is not found, nor is a value of another kind', async (gateway) => {
  await gateway.offboard(one('lapse'), 200);
  await gateway.offboard(one('lapse', 3, { options: { dry_run: true } }), 200);
  assert.deepEqual(await found(gateway, 'email', 'nobody.at.all@example.com'), []);
  assert.deepEqual(await found(gateway, 'email', person(3).email), []);
  assert.deepEqual(await found(gateway, 'external_id', person().email), []);
  assert.deepEqual(await found(gateway, 'billing_order_id', person().billing_customer_id), []);
});

withEachJournal('a lookup tells how each operation stands now', async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', kind: 'stall' });
  const { body: { id } } = await gateway.offboard(one('lapse'), 202, asynchronous);
  const [pending] = await found(gateway, 'email', person().email);
  assert.deepEqual([pending.id, pending.status, pending.settled_at], [id, 'pending', undefined]);
  await sandbox.sent('lapse');
  await sandbox.clear();
  const { settled_at } = await gateway.settled(id);
  assert.deepEqual((await found(gateway, 'email', person().email)).map((o) => [o.status, o.settled_at]), [['ok', settled_at]]);
});

withEachJournal('a lookup tells the newest hundred', async (gateway) => {
  const { body: oldest } = await gateway.offboard(one('lapse'), 200);
  await Promise.all(Array.from({ length: 100 }, () => gateway.offboard(one('lapse'), 200)));
  const operations = await found(gateway, 'email', person().email);
  assert.equal(operations.length, 100);
  assert.ok(operations.every((o) => o.id !== oldest.id));
});

withEachJournal('a lookup that cannot be read is refused, every fault by its pointer', async (gateway) => {
  const rows = [
    [[], ['']],
    [{}, ['/identifier']],
    [{ identifier: 'jo.bad@example.com' }, ['/identifier']],
    [{ identifier: {} }, ['/identifier/type', '/identifier/value']],
    [{ identifier: { type: 'email' } }, ['/identifier/value']],
    [{ identifier: { value: 'jo.bad@example.com' } }, ['/identifier/type']],
    [{ identifier: { type: 'mail', value: 'jo.bad@example.com' } }, ['/identifier/type']],
    [{ identifier: { type: 7, value: 'jo.bad@example.com' } }, ['/identifier/type']],
    [{ identifier: { type: 'email', value: '' } }, ['/identifier/value']],
    [{ identifier: { type: 'email', value: null } }, ['/identifier/value']],
    [{ identifier: { type: 'email', value: 'x'.repeat(257) } }, ['/identifier/value']],
    [{ identifier: { type: 'email', value: 'jo.bad@example.com\n' } }, ['/identifier/value']],
    [{ identifier: { type: 'mobile', value: '91-98' } }, ['/identifier/value']],
    [{ identifier: { type: 'capillary_id', value: 1.5 } }, ['/identifier/value']],
    [{ identifier: { type: 'capillary_id', value: -1 } }, ['/identifier/value']],
    [{ identifier: { type: 'email', value: 'jo.bad@example.com', ref: 'x' }, customers: [] }, ['/customers', '/identifier/ref']],
  ];
  for (const [request, pointers] of rows) {
    const { body } = await gateway.lookup(request, 400);
    assert.equal(body.type, 'urn:offboard:problem:validation');
    assert.deepEqual(body.errors.map((e) => e.pointer).sort(), pointers, JSON.stringify(request));
    assert.ok(!JSON.stringify(body).includes('jo.bad'), 'the answer repeats the identifier');
  }
  const broken = await gateway.lookup('{"identifier":', 400);
  assert.equal(broken.body.type, 'urn:offboard:problem:malformed-json');
  await gateway.lookup({ identifier: { type: 'email', value: 'jo.bad@example.com' } }, 415, { 'content-type': 'text/plain' });
  await gateway.lookup({ identifier: { type: 'email', value: 'jo.bad@example.com' } }, 406, { accept: 'text/html' });
});

withEachJournal('a lookup is a POST', async (gateway) => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
    const answer = await exchange(gateway.port, method, '/offboard/lookup');
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'POST, OPTIONS'], method);
    gateway.judge(method, '/offboard/lookup', answer);
  }
  const options = await exchange(gateway.port, 'OPTIONS', '/offboard/lookup');
  assert.equal(options.status, 204);
  gateway.judge('OPTIONS', '/offboard/lookup', options);
  const query = await exchange(gateway.port, 'POST', '/offboard/lookup?email=jo.query@example.com', { body: '{}', headers: json });
  assert.equal(query.status, 400);
  gateway.judge('POST', '/offboard/lookup', query);
});
