// The inbound side as HTTP says: refusals, limits, and what only a raw socket can send.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';

import { exchange, person, together } from './harness.mjs';

const json = { 'content-type': 'application/json' };
const small = JSON.stringify({ plan: 'lapse', customers: [{ identifiers: { email: 'jo.wire@example.com' } }] });

/** Sends bytes and returns all that comes back until the other side closes. */
function raw(port, bytes) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

const post = (body, head = '') => `POST /offboard HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${head}\r\n${body}`;
const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((m) => Number(m[1]));

test('refusals are problems, whatever was sent', () => together(async (gateway, sandbox) => {
  const rows = [
    ['GET', '/offboard', 405, {}],
    ['DELETE', '/offboard', 405, {}],
    ['PUT', '/offboard/01JD2M7Q0R8W2C5V9T3K6H4XNB', 405, {}],
    ['GET', '/nowhere', 404, {}],
    ['POST', '/offboard', 415, { body: small, headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['POST', '/offboard', 415, { body: small, headers: { ...json, 'content-encoding': 'gzip' } }],
    ['POST', '/offboard', 415, { body: small }],
    ['POST', '/offboard', 406, { body: small, headers: { ...json, accept: 'text/html' } }],
    ['POST', '/offboard', 413, { body: Buffer.alloc(4 * 1024 * 1024 + 1, ' '), headers: json }],
    ['POST', '/offboard', 400, { body: '{"customers":', headers: json }],
    ['POST', '/offboard', 400, { body: small.replace('"plan"', '"plan":"lapse","plan"'), headers: json }],
    ['POST', '/offboard?dry_run=true', 400, { body: small, headers: json }],
    ['POST', '/offboard', 400, { body: small, headers: { ...json, 'idempotency-key': '"a1' } }],
    ['POST', '/offboard', 431, { body: small, headers: { ...json, 'x-long': 'x'.repeat(17 * 1024) } }],
    ['POST', '/offboard', 417, { body: small, headers: { ...json, expect: 'a-miracle' } }],
    ['GET', `/offboard/${'x'.repeat(9 * 1024)}`, 414, {}],
    ['BREW', '/offboard', 501, {}],
  ];
  for (const [method, path, status, more] of rows) {
    const answer = method === 'BREW'
      ? { status: statuses(await raw(gateway.port, 'BREW /offboard HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'))[0] }
      : await exchange(gateway.port, method, path, more);
    assert.equal(answer.status, status, `${method} ${path.slice(0, 40)} ${answer.text}`);
    if (answer.headers) gateway.judge(method, path, answer);
  }
  assert.equal((await sandbox.calls()).length, 0);
}));

test('a body in chunks is read like any other, within the same bound', () => together(async (gateway) => {
  const chunked = { ...json, 'transfer-encoding': 'chunked' };
  assert.equal((await exchange(gateway.port, 'POST', '/offboard', { body: small, headers: chunked })).status, 200);
  const large = await exchange(gateway.port, 'POST', '/offboard', { body: Buffer.alloc(5 * 1024 * 1024, ' '), headers: chunked }).catch((e) => e);
  assert.ok(large.status === 413 || large.code === 'ECONNRESET' || large.code === 'EPIPE', large.message ?? large.status);
}));

test('HEAD is GET without the body', () => together(async (gateway) => {
  const { body } = await gateway.offboard(JSON.parse(small), 200);
  const get = await gateway.get(`/offboard/${body.id}`, 200);
  const head = await exchange(gateway.port, 'HEAD', `/offboard/${body.id}`);
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
  assert.equal(head.headers['content-length'], get.headers['content-length']);
}));

test('what two readers could frame in two ways is refused, and the connection ends', () => together(async (gateway, sandbox) => {
  const rows = [
    ['no Host', `POST /offboard HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${small.length}\r\n\r\n${small}`],
    ['Host doubled', post(small, 'Host: y\r\n')],
    ['a folded field', post(small, 'X-A: b\r\n c\r\n')],
    ['two lengths', post(small, 'Content-Length: 5\r\n')],
    ['length and chunks', post(small, 'Transfer-Encoding: chunked\r\n')],
    ['a blank before the colon', post(small, 'X-A : b\r\n')],
    ['a length with a sign', post(small).replace('Content-Length: ', 'Content-Length: +')],
    ['not HTTP at all', 'hello\r\n\r\n'],
  ];
  for (const [name, bytes] of rows) {
    const answers = statuses(await raw(gateway.port, `${bytes}GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n`));
    assert.deepEqual(answers, [400], name);
  }
  const coded = statuses(await raw(gateway.port, `POST /offboard HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n`));
  assert.deepEqual(coded, [501]);
  assert.equal((await sandbox.calls()).length, 0);
}));

test('pipelined requests are answered in order', () => together(async (gateway) => {
  const get = (path, head = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${head}\r\n`;
  const text = await raw(gateway.port, post(small) + get('/nowhere') + get('/openapi.yaml', 'Connection: close\r\n'));
  assert.deepEqual(statuses(text), [200, 404, 200]);
}));

test('HTTP/1.0 and Connection: close end the connection', () => together(async (gateway) => {
  const old = await raw(gateway.port, 'GET /nowhere HTTP/1.0\r\n\r\n');
  assert.match(old, /^HTTP\/1\.[01] 404/);
  const close = await raw(gateway.port, 'GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(close, /connection: close/i);
}));

test('Expect: 100-continue is answered before the body is sent', () => together(async (gateway) => {
  const text = await new Promise((resolve, reject) => {
    const socket = net.connect(gateway.port, '127.0.0.1', () => socket.write(post('', `Expect: 100-continue\r\nConnection: close\r\n`).replace('Content-Length: 0', `Content-Length: ${small.length}`)));
    let seen = '';
    socket.on('data', (chunk) => {
      if (seen === '') socket.write(small);
      seen += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(seen));
  });
  assert.deepEqual(statuses(text), [100, 200]);
}));

test('slow senders are cut off', () => together(async (gateway) => {
  assert.deepEqual(statuses(await raw(gateway.port, 'POST /offboard HTTP/1.1\r\nHost: x\r\nX-Slow: ')), [408]);
  assert.deepEqual(statuses(await raw(gateway.port, post(small).slice(0, -5))), [408]);
  assert.equal(await raw(gateway.port, ''), '');
}, { limits: { header_timeout: '200ms', body_timeout: '200ms', idle_timeout: '200ms' } }));

test('beyond the limit of connections the answer is 503', () => together(async (gateway) => {
  const idle = await Promise.all([1, 2].map(() => new Promise((resolve) => {
    const socket = net.connect(gateway.port, '127.0.0.1', () => socket.write('GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n'));
    socket.once('data', () => resolve(socket));
  })));
  const text = await raw(gateway.port, 'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.deepEqual(statuses(text), [503]);
  assert.match(text, /retry-after/i);
  for (const socket of idle) socket.destroy();
}, { limits: { connections: 2 } }));

test('a caller who hangs up does not stop the work', () => together(async (gateway, sandbox) => {
  await sandbox.set({ latency_ms: 100 });
  const who = person(77);
  await new Promise((resolve) => {
    const body = JSON.stringify({ plan: 'lapse', customers: [{ identifiers: who }] });
    const socket = net.connect(gateway.port, '127.0.0.1', () => socket.write(post(body), () => socket.destroy()));
    socket.on('close', resolve);
  });
  await gateway.program.seen((l) => l.includes('operation settled'));
  assert.deepEqual((await sandbox.state()).lapsed, { [`email:${who.email}`]: 1 });
}));
