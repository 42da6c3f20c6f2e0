// The gateway over TLS, as callers and operators meet it. Certificates are made by openssl, fresh for each run.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import tls from 'node:tls';

import { Program, configuration, exchange, person, program, together } from './harness.mjs';

const folder = mkdtempSync(join(tmpdir(), 'offboard-tls-'));
after(() => rmSync(folder, { recursive: true }));
const file = (name) => join(folder, name);
const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test authority');
for (const name of ['server', 'client', 'other']) {
  openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', `${name}.pem`);
}
const ca = readFileSync(file('ca.pem'));
const listen_tls = { certificate_file: file('server.pem'), key_file: file('server.key') };

/** One exchange over TLS. */
function secured(port, method, path, { body, headers = {}, ...tls } = {}) {
  return new Promise((done, reject) => {
    const request = https.request({ port, host: '127.0.0.1', method, path, headers, ca, agent: false, ...tls }, (answer) => {
      const { authorized } = answer.socket;
      const protocol = [answer.socket.getProtocol(), answer.socket.alpnProtocol];
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        done({ status: answer.statusCode, headers: answer.headers, text, body: text && JSON.parse(text), authorized, protocol });
      });
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

const lapse = { plan: 'lapse', customers: [{ identifiers: person(1) }] };
const json = { 'content-type': 'application/json' };

test('a POST over TLS is answered as ever, and the admin listener stays plain', () => together(async (gateway, sandbox) => {
  gateway.note(lapse);
  const answer = await secured(gateway.port, 'POST', '/offboard', { body: lapse, headers: json, ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(answer.status, 200, answer.text);
  assert.ok(answer.authorized);
  assert.deepEqual(answer.protocol, ['TLSv1.3', 'http/1.1']);
  gateway.judge('POST', '/offboard', answer, { request: lapse, plan: gateway.config.plans.lapse });
  assert.equal((await sandbox.count('lapse')).calls, 1);
  const older = await secured(gateway.port, 'GET', `/offboard/${answer.body.id}`, { maxVersion: 'TLSv1.2' });
  assert.deepEqual([older.status, older.protocol[0]], [200, 'TLSv1.2']);
  assert.equal((await exchange(gateway.admin, 'GET', '/readyz')).status, 200);
}, { listen_tls }));

test('plain HTTP on the TLS port is told so, and counted', () => together(async (gateway) => {
  const plain = await exchange(gateway.port, 'GET', '/openapi.yaml');
  assert.equal(plain.status, 400);
  assert.match(plain.text, /https/);
  await assert.rejects(secured(gateway.port, 'GET', '/openapi.yaml', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  const { text } = await exchange(gateway.admin, 'GET', '/metrics');
  assert.match(text, /^offboard_http_refusals_total\{listener="main",reason="handshake"\} 2$/m);
  assert.match(text, /^offboard_http_connections\{listener="main"\} \d+$/m);
  assert.match(text, /^offboard_http_in_flight_requests\{listener="admin"\} 1$/m);
}, { listen_tls }));

test('the certificate is exchanged under load, and no request fails; a key that does not fit changes nothing', async () => {
  const own = (name) => file(`own.${name}`);
  const swap = (what, from) => {
    writeFileSync(own('new'), readFileSync(file(`${from}.${what}`)));
    renameSync(own('new'), own(what));
  };
  for (const what of ['pem', 'key']) swap(what, 'server');
  await together(async (gateway) => {
    const presented = () => new Promise((named, reject) => {
      const socket = tls.connect({ port: gateway.port, host: '127.0.0.1', ca }, () => {
        named(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      });
      socket.on('error', reject);
    });
    const check = async (told) => {
      process.kill(gateway.program.child.pid, 'SIGHUP');
      await gateway.program.seen(told);
    };
    const kept = new https.Agent({ keepAlive: true });
    const run = { over: false, answered: 0 };
    const caller = async (agent) => {
      while (!run.over) {
        const body = { plan: 'lapse', customers: [{ identifiers: person(++run.answered) }] };
        gateway.note(body);
        assert.equal((await secured(gateway.port, 'POST', '/offboard', { body, headers: json, agent })).status, 200);
      }
    };
    const callers = Promise.all([kept, kept, false, false].map(caller));
    assert.equal(await presented(), 'server');
    swap('key', 'other'); // its certificate has not come yet
    await check((l) => l.includes('"new secrets refused') && l.includes('listen_tls'));
    assert.equal(await presented(), 'server');
    swap('pem', 'other');
    await check((l) => l.includes('"secret rotated"') && l.includes('listen_tls.certificate_file'));
    assert.equal(await presented(), 'other');
    const enough = run.answered + 20;
    while (run.answered < enough) await Promise.race([callers, new Promise(setImmediate)]);
    run.over = true;
    await callers;
    kept.destroy();
    assert.ok(!gateway.program.lines.some((l) => l.includes('"level":"error"')));
  }, { listen_tls: { certificate_file: own('pem'), key_file: own('key') } });
});

test('a required client certificate decides who may connect, and nothing more', () => together(async (gateway) => {
  const path = '/offboard/01JD2M7Q0R8W2C5V9T3K6H4XNB';
  await assert.rejects(secured(gateway.port, 'GET', path));
  const shown = { cert: readFileSync(file('client.pem')), key: readFileSync(file('client.key')) };
  assert.equal((await secured(gateway.port, 'GET', path, shown)).status, 404);
}, { listen_tls: { ...listen_tls, client_ca_file: file('ca.pem'), client_certificates: 'required' } }));

test('requests beyond in_flight are refused while those before them wait, and the probes are not', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', kind: 'stall', times: 0 });
  const waiting = gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(2) }] }, 202, { prefer: 'wait=3' });
  await sandbox.sent('lapse');
  const second = { plan: 'lapse', customers: [{ identifiers: person(3) }] };
  const refused = await gateway.offboard(second, 503);
  assert.equal(refused.headers['retry-after'], '1');
  assert.equal(refused.body.type, 'urn:offboard:problem:overloaded');
  for (const path of ['/livez', '/readyz', '/metrics']) assert.equal((await exchange(gateway.admin, 'GET', path)).status, 200);
  await waiting;
  assert.equal((await sandbox.count('lapse')).customers, 1);
}, { limits: { in_flight: 1 } }));

test('bodies beyond body_total are refused while others are on their way', () => together(async (gateway, sandbox) => {
  const socket = net.connect(gateway.port, '127.0.0.1');
  socket.write('POST /offboard HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{');
  const body = { plan: 'lapse', customers: [{ identifiers: person(4) }] };
  gateway.note(body);
  const send = () => exchange(gateway.port, 'POST', '/offboard', { body, headers: json });
  let refused = await send();
  while (refused.status !== 503) refused = await send(); // until the first one has been read
  assert.equal(refused.headers['retry-after'], '1');
  gateway.judge('POST', '/offboard', refused);
  const taken = (await sandbox.count('lapse')).customers;
  socket.destroy();
  let answer = await send();
  while (answer.status === 503) answer = await send();
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await sandbox.count('lapse')).customers, taken + 1);
}, { limits: { body: '1KiB', body_total: '1KiB' } }));

test('--check-config names the line and the key of a file that cannot be used', async () => {
  const rows = [
    [{ ...listen_tls, key_file: file('other.key') }, /^[^:]+:(\d+): listen_tls\.key_file: .*does not match/m],
    [{ ...listen_tls, certificate_file: file('server.key') }, /^[^:]+:(\d+): listen_tls\.certificate_file: .*certificates in PEM/m],
    [{ ...listen_tls, client_certificates: 'required' }, /^[^:]+:(\d+): listen_tls\.client_certificates: needs client_ca_file/m],
  ];
  for (const [section, expected] of rows) {
    const config = file('offboard.yaml');
    writeFileSync(config, JSON.stringify(configuration(9, { listen_tls: section }), null, 1));
    const checked = new Program(program('offboard-gateway'), ['--config', config, '--check-config']);
    assert.equal((await checked.ended).code, 2);
    const said = checked.lines.join('\n');
    const line = Number(expected.exec(said)?.[1]);
    assert.ok(line > 0, said);
    const key = /listen_tls\.(\w+)/.exec(said)[1];
    assert.ok(readFileSync(config, 'utf8').split('\n')[line - 1].includes(`"${key}"`), said);
    assert.ok(!/BEGIN|PRIVATE/.test(said));
  }
});
