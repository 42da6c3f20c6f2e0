// Callers who mean harm, or whose program is broken: each is answered or cut off, costs a bounded amount, and nothing
// of what they send reaches a vendor.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { gzipSync } from 'node:zlib';

import { exchange, person, together } from './harness.mjs';

const json = { 'content-type': 'application/json' };
const small = JSON.stringify({ plan: 'lapse', customers: [{ identifiers: { email: 'jo.hostile@example.com' } }] });
const head = (more = '') => `POST /offboard HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}`;
const post = (body, more = '') => `${head(more)}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((m) => Number(m[1]));

/** A connection; `all` is everything that comes back until the other side closes. */
function dial(port, options = {}) {
  const socket = net.connect({ port, host: '127.0.0.1', ...options });
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {}); // a reset is an answer too
  const all = new Promise((resolve) => socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1'))));
  return { socket, all };
}

/** Sends bytes and returns all that comes back until the other side closes. */
function raw(port, bytes) {
  const { socket, all } = dial(port);
  socket.write(bytes);
  return all;
}

async function figure(gateway, name) {
  const { text } = await exchange(gateway.admin, 'GET', '/metrics');
  return Number(text.split('\n').find((line) => line.startsWith(`${name} `)).split(' ').pop());
}

/** The gateway still does its work, for everybody else. */
async function works(gateway, n = 0) {
  await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(n) }] }, 200);
}

/** A byte now and then, as long as the other side listens. Other callers' exchanges are the clock. */
async function trickle(gateway, begin, byte) {
  const { socket, all } = dial(gateway.port);
  let over = false;
  const ended = all.then((text) => {
    over = true;
    return text;
  });
  socket.write(begin);
  while (!over) {
    if (socket.writable) socket.write(byte);
    await exchange(gateway.admin, 'GET', '/livez');
  }
  return ended;
}

test('a header or a body that comes byte by byte is cut off at its deadline, however busily it comes', () => together(async (gateway) => {
  assert.deepEqual(statuses(await trickle(gateway, `${head()}X-Slow: `, 'x')), [408]);
  assert.deepEqual(statuses(await trickle(gateway, `${head()}Content-Length: 100000\r\n\r\n{`, ' ')), [408]);
  assert.deepEqual(statuses(await trickle(gateway, `${head()}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n')), [408]);
  await works(gateway);
}, { limits: { header_timeout: '500ms', body_timeout: '500ms' } }));

test('a caller who closes its half gets what it asked for, or nothing when it had not finished', () => together(async (gateway, sandbox) => {
  const whole = dial(gateway.port, { allowHalfOpen: true });
  whole.socket.end(post(small, 'Connection: close\r\n'));
  assert.deepEqual(statuses(await whole.all), [200]);
  for (const part of ['', 'POST /off', head(), post(small).slice(0, -5), `${head('Transfer-Encoding: chunked\r\n')}\r\n5\r\nhel`]) {
    const torn = dial(gateway.port, { allowHalfOpen: true });
    torn.socket.on('end', () => torn.socket.destroy());
    torn.socket.end(part);
    assert.deepEqual(statuses(await torn.all).filter((status) => status !== 400), [], JSON.stringify(part));
  }
  assert.equal((await sandbox.count('lapse')).calls, 1);
}));

test('thousands of idle connections cost little, and keep nobody out', () => together(async (gateway) => {
  const many = 3000;
  await works(gateway);
  const memory = await figure(gateway, 'process_resident_memory_bytes');
  const files = await figure(gateway, 'process_open_fds');
  const idle = [];
  const open = async (count, each) => {
    for (let n = 0; n < count; n += 100) {
      await Promise.all(Array.from({ length: 100 }, async () => {
        const { socket, all } = dial(gateway.port);
        idle.push({ socket, all });
        await once(socket, 'connect');
        await each(socket);
      }));
    }
  };
  // Most have been served once, and are kept open. The others say nothing, and have 10 s to begin: they come last.
  await open(many - 500, async (socket) => {
    socket.write('GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
  });
  await open(500, () => {});
  await works(gateway, 1);
  assert.ok(await figure(gateway, 'process_open_fds') >= files + many);
  const each = (await figure(gateway, 'process_resident_memory_bytes') - memory) / many;
  assert.ok(each < 48 * 1024, `${Math.round(each)} bytes a connection`);
  for (const { socket } of idle) socket.destroy();
  await Promise.all(idle.map(({ all }) => all));
  while (await figure(gateway, 'process_open_fds') > files + 10);
  await works(gateway, 2);
}));

test('requests that are written without end and whose answers nobody reads stop being read', () => together(async (gateway) => {
  const one = 'GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n';
  const { socket, all } = dial(gateway.port);
  socket.pause();
  const before = await figure(gateway, 'process_resident_memory_bytes');
  // Each answer is tens of kilobytes: were they all made, this would be gigabytes.
  for (let n = 0; n < 100; ++n) socket.write(one.repeat(1000));
  await works(gateway);
  const grown = await figure(gateway, 'process_resident_memory_bytes') - before;
  assert.ok(grown < 64 << 20, `${grown} bytes`);
  socket.destroy();
  await all;
}));

test('what another reader might take for two requests is one refusal', () => together(async (gateway, sandbox) => {
  const smuggled = `POST /offboard HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${small.length}\r\n\r\n${small}`;
  const chunked = `${small.length.toString(16)}\r\n${small}\r\n0\r\n\r\n`;
  const rows = [
    ['length, then chunks', `${head(`Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked\r\n`)}\r\n${chunked}`],
    ['chunks, then length', `${head('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n')}\r\n${chunked}`],
    ['chunked twice', `${head('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n')}\r\n${chunked}`],
    ['chunked, chunked', `${head('Transfer-Encoding: chunked, chunked\r\n')}\r\n${chunked}`],
    ['chunked, identity', `${head('Transfer-Encoding: chunked, identity\r\n')}\r\n${chunked}`],
    ['xchunked', `${head('Transfer-Encoding: xchunked\r\n')}\r\n${chunked}`],
    ['a vertical tab before chunked', `${head('Transfer-Encoding: \x0bchunked\r\n')}\r\n${chunked}`],
    ['a blank before the colon', `${head('Transfer-Encoding : chunked\r\n')}\r\n${chunked}`],
    ['a tab before the colon', `${head('Transfer-Encoding\t: chunked\r\n')}\r\n${chunked}`],
    ['a folded coding', `${head('Transfer-Encoding:\r\n chunked\r\n')}\r\n${chunked}`],
    ['a field without a name', `${head(': chunked\r\n')}\r\n${chunked}`],
    ['chunks in HTTP/1.0', `${head('Transfer-Encoding: chunked\r\n').replace('HTTP/1.1', 'HTTP/1.0')}\r\n${chunked}`],
    ['two lengths in one', `${head('Content-Length: 0, 5\r\n')}\r\nhello`],
    ['two lengths', `${head('Content-Length: 0\r\nContent-Length: 5\r\n')}\r\nhello`],
    ['a length in hexadecimal', `${head('Content-Length: 0x5\r\n')}\r\nhello`],
    ['a length below zero', `${head('Content-Length: -5\r\n')}\r\nhello`],
    ['a length with a blank in it', `${head('Content-Length: 1 0\r\n')}\r\nhello`],
    ['a length beyond all numbers', `${head('Content-Length: 18446744073709551621\r\n')}\r\nhello`],
    ['an empty length', `${head('Content-Length: \r\n')}\r\nhello`],
    ['a chunk size with a sign', `${head('Transfer-Encoding: chunked\r\n')}\r\n+5\r\nhello\r\n0\r\n\r\n`],
    ['a chunk size in a notation', `${head('Transfer-Encoding: chunked\r\n')}\r\n0x5\r\nhello\r\n0\r\n\r\n`],
    ['a chunk size beyond all numbers', `${head('Transfer-Encoding: chunked\r\n')}\r\nfffffffffffffffff5\r\nhello\r\n0\r\n\r\n`],
    ['a chunk longer than it says', `${head('Transfer-Encoding: chunked\r\n')}\r\n3\r\nhello\r\n0\r\n\r\n`],
    ['a chunk without its end', `${head('Transfer-Encoding: chunked\r\n')}\r\n5\r\nhelloX\r\n0\r\n\r\n`],
    ['a bare line feed after a chunk size', `${head('Transfer-Encoding: chunked\r\n')}\r\n5\nhello\r\n0\r\n\r\n`],
    ['a bare carriage return in a value', `${head('X-A: b\rTransfer-Encoding: chunked\r\n')}\r\n${chunked}`],
    ['a bare line feed between fields', `${head('X-A: b\nTransfer-Encoding: chunked\r\n')}\r\n${chunked}`],
    ['a zero byte in a value', `${head('X-A: b\0c\r\n')}Content-Length: 0\r\n\r\n`],
    ['a zero byte in a name', `${head('X-\0A: b\r\n')}Content-Length: 0\r\n\r\n`],
    ['a target with a blank', 'GET /open api.yaml HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a line before the request line', `X-A: b\r\n${head()}Content-Length: 0\r\n\r\n`],
    ['HTTP/0.9', 'GET /openapi.yaml\r\n\r\n'],
    ['HTTP/2 in the clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS to a plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ];
  for (const [name, bytes] of rows) {
    const answers = statuses(await raw(gateway.port, Buffer.from(`${bytes}${smuggled}`, 'latin1')));
    assert.equal(answers.length, 1, `${name}: ${answers}`);
    assert.ok([400, 413, 501, 505].includes(answers[0]), `${name}: ${answers}`);
  }
  assert.equal((await sandbox.calls()).length, 0);
}));

test('floods of header fields are refused at the bound', () => together(async (gateway) => {
  for (const field of ['a:\r\n', 'Cookie: a=b\r\n', `X-${'y'.repeat(1000)}: ${'z'.repeat(1000)}\r\n`]) {
    const flood = field.repeat(Math.ceil((64 << 10) / field.length));
    assert.deepEqual(statuses(await raw(gateway.port, `${head(flood)}Content-Length: 0\r\n\r\n`)), [431]);
  }
  // As many as fit are no harm.
  const fits = 'a:\r\n'.repeat(4000);
  assert.deepEqual(statuses(await raw(gateway.port, `GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fits}\r\n`)), [404]);
}));

test('a route that takes no body waits for none', () => together(async (gateway) => {
  for (const path of ['/openapi.yaml', '/docs', '/docs/page.js', '/offboard/01JD2M7Q0R8W2C5V9T3K6H4XNB']) {
    for (const announced of ['Content-Length: 5', 'Transfer-Encoding: chunked'])
      assert.deepEqual(statuses(await raw(gateway.port, `GET ${path} HTTP/1.1\r\nHost: x\r\n${announced}\r\n\r\n`)), [400], path);
    assert.deepEqual(statuses(await raw(gateway.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)), [path.startsWith('/offboard') ? 404 : 200], path);
  }
}));

/** Bodies as bytes, and what each is answered with. */
async function refused(gateway, rows) {
  for (const [name, body, status = 400] of rows) {
    const answer = await exchange(gateway.port, 'POST', '/offboard', { body, headers: json });
    assert.equal(answer.status, status, `${name}: ${answer.text.slice(0, 500)}`);
    assert.ok(answer.text.length < 1 << 20, `${name}: an answer of ${answer.text.length} bytes`);
    gateway.judge('POST', '/offboard', answer);
  }
}

test('JSON that is deep, wide or endless is one refusal of bounded size', () => together(async (gateway, sandbox) => {
  const deep = (open, close) => open.repeat(200_000) + close.repeat(200_000);
  const customers = (one, n) => `{"plan":"lapse","customers":[${Array(n).fill(one).join(',')}]}`;
  await refused(gateway, [
    ['arrays in arrays', deep('[', ']')],
    ['objects in objects', deep('{"a":', '}')],
    ['never closed', '['.repeat(4_000_000)],
    ['deep in a member', `{"plan":"lapse","customers":${deep('[', ']')}}`],
    ['too many customers', customers('{}', 500_000)],
    ['a fault in every customer', customers('{"identifiers":{"email":"","mobile":"x"},"a":1}', 1000)],
    ['members without end', `{${Array.from({ length: 200_000 }, (_, n) => `"m${n}":0`).join(',')}}`],
    ['one member again and again', `{${Array(200_000).fill('"plan":"lapse"').join(',')}}`],
    ['a text of megabytes', `{"plan":"${'x'.repeat(4_000_000)}"}`],
    ['nothing but blanks', ' '.repeat(4_000_000)],
    ['two byte order marks', `\ufeff\ufeff${small}`], ['a byte order mark behind it', `${small}\ufeff`], ['a byte order mark alone', '\ufeff'],
    ['two documents', small + small],
  ]);
  assert.equal((await sandbox.calls()).length, 0);
  await works(gateway);
}));

test('numbers beyond all bounds are refused, or keep every digit', () => together(async (gateway, sandbox) => {
  const with_id = (number) => `{"plan":"revoke","options":{"dry_run":true},"customers":[{"identifiers":{"capillary_id":${number}}}]}`;
  const with_earn = (number) => with_id(7).replace('}}]', `},"earn_ids":[${number}]}]`);
  const with_program = (number) => `{"steps":{"capillary":{"revoke":[{"program_id":${number},"promotion_id":"1","kind":"direct_issue"}]}},"customers":[{"identifiers":{"capillary_id":7}}]}`;
  const nines = '9'.repeat(40);
  await refused(gateway, [
    ['an exponent', with_id('1e400')], ['a fraction', with_id('1.5')], ['digits without end', with_id('9'.repeat(100_000))],
    ['a sign', with_id('+7')], ['zeros in front', with_id('007')], ['no number', with_id('NaN')], ['infinity', with_id('Infinity')],
    ['an earn beyond 64 bits', with_earn(nines)], ['half an earn', with_earn('0.5')], ['a huge earn', with_earn('1e300')],
    ['a programme beyond 64 bits', with_program('9223372036854775808')], ['a programme of a thousand digits', with_program('9'.repeat(1000))],
  ]);
  const kept = await exchange(gateway.port, 'POST', '/offboard', { body: with_id(nines), headers: json });
  assert.equal(kept.status, 200, kept.text);
  assert.ok(kept.text.includes(nines));
  assert.equal((await sandbox.calls()).length, 0);
}));

test('text that is no UTF-8, or hides control characters, is refused', () => together(async (gateway, sandbox) => {
  const around = (bytes) => Buffer.concat([Buffer.from('{"plan":"lapse","customers":[{"identifiers":{"email":"a'), Buffer.from(bytes), Buffer.from('@example.com"}}]}')]);
  await refused(gateway, [
    ['a lone continuation', around([0x80])], ['an overlong slash', around([0xc0, 0xaf])], ['a surrogate', around([0xed, 0xa0, 0x80])],
    ['beyond Unicode', around([0xf4, 0x90, 0x80, 0x80])], ['a torn letter', around([0xc3])], ['0xff', around([0xff])], ['a zero byte', around([0])],
    ['a raw line end', around([0x0a])], ['an escaped zero', around('\\u0000')], ['an escaped line end', around('\\n')], ['DEL', around([0x7f])],
    ['half a pair', around('\\ud800')], ['a pair in the wrong order', around('\\udc00\\ud800')], ['an escape of three digits', around('\\u00g0')],
    ['UTF-16', Buffer.from(small, 'utf16le')],
  ]);
  assert.equal((await sandbox.calls()).length, 0);
}));

test('compressed bodies are not unpacked', () => together(async (gateway, sandbox) => {
  const bomb = gzipSync(Buffer.alloc(64 << 20, ' '));
  for (const coding of ['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'identity, gzip']) {
    const answer = await exchange(gateway.port, 'POST', '/offboard', { body: bomb, headers: { ...json, 'content-encoding': coding } });
    assert.equal(answer.status, 415, coding);
    gateway.judge('POST', '/offboard', answer);
  }
  await refused(gateway, [['packed without saying so', bomb]]);
  assert.equal((await sandbox.calls()).length, 0);
}));
