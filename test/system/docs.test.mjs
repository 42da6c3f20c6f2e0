// What /docs is served as. How a person finds it is looked at in a browser: ../docs/page.test.mjs.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';

import { exchange, together } from './harness.mjs';

const closed = { auth: { api_keys: [{ name: 'crm', sha256: '0'.repeat(64), scopes: ['offboard:read'] }] } };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
  + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

test('anybody may have the page and each file it names, under a strict policy', () => together(async (gateway) => {
  const page = await gateway.get('/docs', 200, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  const named = [...page.text.matchAll(/(?:href|src)="(docs\/[^"]+)"/g)].map((m) => `/${m[1]}`);
  assert.equal(named.length, 5);
  for (const path of ['/docs', ...named]) {
    const answer = await gateway.get(path, 200);
    assert.equal(answer.headers['content-security-policy'], policy);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.headers['referrer-policy'], 'no-referrer');
    const lasting = /-\d+\.\d+\.\d+\./.test(path);
    assert.equal(answer.headers['cache-control'], lasting ? 'public, max-age=31536000, immutable' : 'no-store', path);
    const head = await exchange(gateway.port, 'HEAD', path);
    gateway.judge('HEAD', path, head);
    assert.equal(head.headers['content-length'], answer.headers['content-length']);
  }
  assert.ok(named.some((path) => path.endsWith('.css')) && named.some((path) => path.endsWith('.js')));
}, closed));

test('the viewer goes out compressed, and is refused to who forbids that', () => together(async (gateway) => {
  const { text } = await gateway.get('/docs', 200);
  const [viewer] = /docs\/swagger-ui-[0-9.]+\.js/.exec(text);
  for (const [coding, status] of [[undefined, 200], ['gzip, deflate, br', 200], ['*', 200], ['identity', 406], ['gzip;q=0, *', 406]]) {
    const answer = await gateway.get(`/${viewer}`, status, coding ? { 'accept-encoding': coding } : {});
    if (status === 200) assert.equal(answer.headers['content-encoding'], 'gzip');
  }
  await gateway.get('/docs/page.js', 200, { 'accept-encoding': 'identity' });
  await gateway.get('/docs', 406, { accept: 'application/json' });
  await gateway.get('/docs/page.css', 406, { accept: 'text/html' });
}));

test('no other name under /docs is served, wherever it might lead', () => together(async (gateway) => {
  for (const path of ['/docs/', '/docs/page.html', '/docs/index.html', '/docs/swagger-ui-bundle.js', '/docs/page.js/', '/docs/%2e%2e/openapi.yaml',
    '/docs/..%2f..%2fetc%2fpasswd', '/docs/swagger-ui-0.0.0.js']) {
    const answer = await exchange(gateway.port, 'GET', path);
    assert.equal(answer.status, 404, path);
    gateway.judge('GET', path, answer);
  }
  const raw = await new Promise((done, reject) => {
    const socket = net.connect(gateway.port, '127.0.0.1', () => socket.write('GET /docs/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
    socket.once('data', (bytes) => done(String(bytes)));
    socket.on('error', reject);
  });
  assert.match(raw, /^HTTP\/1\.1 404 /);
  const posted = await exchange(gateway.port, 'POST', '/docs', { body: '{}', headers: { 'content-type': 'application/json' } });
  assert.equal(posted.status, 405);
  gateway.judge('POST', '/docs', posted);
}));
