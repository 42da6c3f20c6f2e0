// Tokens in place of API keys: what is accepted, and how the issuer's keys are found and exchanged.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { configuration, exchange, person, Program, program, Sandbox, together } from './harness.mjs';

const one = (plan, n = 0) => ({ plan, customers: [{ identifiers: person(n) }] });
const problem = (answer) => answer.body.type.replace('urn:offboard:problem:', '');

const issuer = 'https://issuer.example';
const makers = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};

class Signer {
  constructor(kid, algorithm = 'ES256') {
    Object.assign(this, { kid, algorithm, ...makers[algorithm]() });
  }

  get jwk() { return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig' }; }

  token(claims = {}, head = {}) {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const usual = { iss: issuer, aud: ['offboard'], exp: Math.floor(Date.now() / 1000) + 600, sub: 'sync', scope: 'offboard:write offboard:read' };
    const text = `${part({ alg: this.algorithm, typ: 'JWT', kid: this.kid, ...head })}.${part({ ...usual, ...claims })}`;
    return `${text}.${sign('sha256', Buffer.from(text), { key: this.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }
}

const setOf = (...signers) => JSON.stringify({ keys: signers.map((s) => s.jwk) });
const bearer = (token, more = {}) => ({ authorization: `Bearer ${token}`, ...more });

/** A gateway that takes tokens; what makes a token must not stand in its log. */
async function withTokens(jwt, body, more = {}) {
  const shown = [];
  const remember = (token) => shown.push(...token.split('.')) && token;
  await together(async (gateway, sandbox) => {
    await body(gateway, sandbox, (token, fields) => bearer(remember(token), fields));
    const log = gateway.program.lines.join('\n');
    for (const part of shown) assert.ok(!log.includes(part), 'a part of a token stands in the log');
    assert.ok(!log.includes('refused-subject'), 'the subject of a refused token stands in the log');
  }, { auth: { jwt: { issuer, audience: 'offboard', ...jwt }, ...more } });
}

/** A folder with a key set in it that can be swapped as Kubernetes swaps mounted files. */
class KeyFile {
  constructor(text) {
    this.folder = mkdtempSync(join(tmpdir(), 'offboard-'));
    this.path = join(this.folder, 'jwks.json');
    this.swap(text);
  }

  swap(text) {
    writeFileSync(`${this.path}.new`, text);
    renameSync(`${this.path}.new`, this.path);
  }

  async use(body) {
    try {
      await body(this);
    } finally {
      rmSync(this.folder, { recursive: true });
    }
  }
}

/** Until the status is the one that is waited for; a key set's file is looked at once a second. */
async function until(gateway, path, headers, status) {
  for (;;) {
    const answer = await exchange(gateway.port, 'GET', path, { headers });
    gateway.judge('GET', path, answer);
    if (answer.status === status) return;
  }
}

test('tokens of the issuer are callers, and others are not', () => {
  const rsa = new Signer('r', 'RS256');
  const ec = new Signer('e');
  return new KeyFile(setOf(rsa, ec)).use((file) => withTokens({ jwks_file: file.path }, async (gateway, sandbox, show) => {
    const { body } = await gateway.offboard(one('lapse'), 200, show(rsa.token()));
    await gateway.get(`/offboard/${body.id}`, 200, show(ec.token()));
    await gateway.get(`/offboard/${body.id}`, 200, show(ec.token({}, { kid: undefined, typ: 'application/JWT' })));
    await gateway.get(`/offboard/${body.id}`, 404, show(ec.token({ sub: 'another' })));
    await gateway.get(`/offboard/${body.id}`, 200, show(ec.token({ sub: 'another', scope: ['offboard:read', 'offboard:operate'] })));
    await gateway.offboard(one('lapse'), 403, show(ec.token({ scope: 'openid' })));
    const now = Math.floor(Date.now() / 1000);
    const other = new Signer('e');
    const sub = 'refused-subject';
    for (const [token, detail] of [
      [ec.token({ sub, exp: now - 61 }), /expired/], [ec.token({ sub, nbf: now + 120 }), /not valid yet/],
      [ec.token({ sub, iss: 'https://other.example' }), /issuer/], [ec.token({ sub, aud: 'another' }), /audience/],
      [ec.token({ sub, exp: undefined }), /expires/], [ec.token({ sub: '' }), /whose/],
      [ec.token({ sub }, { typ: 'secevent+jwt' }), /type/], [ec.token({ sub }, { alg: 'none' }), /algorithm/],
      [ec.token({ sub }, { kid: 'r' }), /algorithm/], [ec.token({ sub }, { kid: '' }), /name its key/],
      [other.token({ sub }, { kid: undefined }), /signature/], [ec.token({ sub, iat: now + 120 }), /not valid yet/],
      [other.token({ sub }), /signature/], [`${ec.token({ sub }).slice(0, -8)}AAAAAAAA`, /signature/],
      [ec.token({ sub, filler: 'x'.repeat(8000) }), /at most 8192/],
    ]) {
      const refused = await gateway.offboard(one('lapse'), 401, show(token));
      assert.match(refused.body.detail, detail);
      assert.equal(refused.headers['www-authenticate'], 'Bearer realm="offboard", error="invalid_token"');
    }
    assert.equal((await sandbox.count('lapse')).calls, 1);
  }));
});

test('a service account of Kubernetes, whose tokens have no scopes, is granted them by its name', () => {
  const cluster = new Signer('k', 'RS256');
  const sub = 'system:serviceaccount:crm:sync';
  const subjects = [{ sub, scopes: ['offboard:write', 'offboard:read'] }];
  return new KeyFile(setOf(cluster)).use((file) => withTokens({ jwks_file: file.path, subjects }, async (gateway, sandbox, show) => {
    const claims = { scope: undefined, nbf: 1, 'kubernetes.io': { namespace: 'crm', serviceaccount: { name: 'sync' } } };
    const { body } = await gateway.offboard(one('lapse'), 200, show(cluster.token({ sub, ...claims }, { typ: undefined })));
    await gateway.get(`/offboard/${body.id}`, 200, show(cluster.token({ sub, ...claims })));
    await gateway.offboard(one('lapse'), 403, show(cluster.token({ ...claims, sub: 'system:serviceaccount:crm:other' })));
  }));
});

test('keys and tokens stand side by side, and never share a caller', () => {
  const apiKey = 'crm-secret-7f3a';
  const ec = new Signer('e');
  return new KeyFile(setOf(ec)).use((file) => withTokens({ jwks_file: file.path, quota: { requests: 3, per: '24h' } }, async (gateway, sandbox, show) => {
    const { body } = await gateway.offboard(one('lapse'), 200, { 'x-api-key': apiKey });
    await gateway.get(`/offboard/${body.id}`, 404, show(ec.token()));
    await gateway.get(`/offboard/${body.id}`, 401, show(ec.token({ sub: 'crm' })));
    await gateway.offboard(one('lapse', 1), 200, show(ec.token()));
    await gateway.offboard(one('lapse', 2), 200, show(ec.token()));
    await gateway.offboard(one('lapse', 3), 429, show(ec.token()));
    await gateway.offboard(one('lapse', 3), 200, show(ec.token({ sub: 'sync-2' })));
  }, { api_keys: [{ name: 'crm', sha256: createHash('sha256').update(apiKey).digest('hex'), scopes: ['offboard:write'] }] }));
});

test('a key set in a file rotates without a restart, and a bad one changes nothing', () => {
  const first = new Signer('1');
  const second = new Signer('2');
  return new KeyFile(setOf(first)).use((file) => withTokens({ jwks_file: file.path }, async (gateway, sandbox, show) => {
    const before = show(first.token());
    const after = show(second.token());
    const { body } = await gateway.offboard(one('lapse'), 200, before);
    const path = `/offboard/${body.id}`;
    await gateway.get(path, 401, after);
    file.swap(setOf(first, second));
    await until(gateway, path, after, 200);
    await gateway.get(path, 200, before);
    file.swap('{"keys": [');
    const looked = (l) => l.includes('cannot be read anew');
    while (!gateway.program.lines.some(looked)) await gateway.get(path, 200, before);
    await gateway.get(path, 200, after);
    file.swap(setOf(second));
    await until(gateway, path, before, 401);
    await gateway.get(path, 200, after);
  }));
});

/** An issuer's server of keys, whose answers can be held back. */
class KeyServer {
  static async start(text) {
    const server = new KeyServer();
    Object.assign(server, { text, status: 200, headers: {}, asked: 0, held: undefined });
    server.http = http.createServer(async (request, response) => {
      server.asked += 1;
      assert.deepEqual([request.method, request.url], ['GET', '/keys.json']);
      await server.held;
      response.writeHead(server.status, { 'content-type': 'application/json', ...server.headers });
      response.end(server.text);
    });
    server.http.listen(0, '127.0.0.1');
    await once(server.http, 'listening');
    server.url = `http://127.0.0.1:${server.http.address().port}/keys.json`;
    return server;
  }

  hold() {
    this.held = new Promise((release) => { this.release = release; });
  }

  stop() {
    this.http.closeAllConnections();
    this.http.close();
  }
}

async function withServer(text, body) {
  const server = await KeyServer.start(text);
  try {
    await body(server);
  } finally {
    server.stop();
  }
}

test('keys from a URL: requests wait for the first, no longer than they would wait at all', () => {
  const ec = new Signer('e');
  return withServer(setOf(ec), async (server) => {
    server.hold();
    await withTokens({ jwks_url: server.url }, async (gateway, sandbox, show) => {
      while (server.asked === 0) await new Promise(setImmediate);
      const refused = await gateway.offboard(one('lapse'), 503, show(ec.token(), { prefer: 'wait=0' }));
      assert.equal(problem(refused), 'keys-unavailable');
      assert.equal(refused.headers['retry-after'], '5');
      // What can be refused without a key is.
      await gateway.offboard(one('lapse'), 401, {});
      await gateway.offboard(one('lapse'), 401, show(ec.token({}, { alg: 'HS256' })));
      // Nor does a large body come in from whoever may be anybody: its first byte is not waited for.
      const large = http.request({
        host: '127.0.0.1', port: gateway.port, method: 'POST', path: '/offboard',
        headers: { ...show(ec.token()), 'content-type': 'application/json', 'content-length': 4097 },
      });
      large.on('error', () => {}); // it is cut off with the answer
      large.flushHeaders();
      const [{ statusCode }] = await once(large, 'response');
      assert.equal(statusCode, 503);
      large.destroy();
      const waiting = gateway.offboard(one('lapse'), 200, show(ec.token()));
      server.release();
      const { body } = await waiting;
      await gateway.get(`/offboard/${body.id}`, 200, show(ec.token(), { prefer: 'wait=0' }));
      assert.equal(server.asked, 1);
    });
  });
});

test('keys from a URL: an unknown one is asked for, once, and what is known stays in use whatever the server says', () => {
  const first = new Signer('1');
  const second = new Signer('2');
  return withServer(setOf(first), (server) => withTokens({ jwks_url: server.url }, async (gateway, sandbox, show) => {
    const { body } = await gateway.offboard(one('lapse'), 200, show(first.token()));
    const path = `/offboard/${body.id}`;
    server.text = setOf(first, second);
    await gateway.get(path, 200, show(second.token()));
    assert.equal(server.asked, 2);
    for (const kid of ['3', '4', '5']) await gateway.get(path, 401, show(new Signer(kid).token()));
    assert.equal(server.asked, 2); // not again so soon
    server.stop();
    await gateway.get(path, 200, show(first.token()));
  }));
});

test('keys from a URL: a server that fails at first is asked again', () => {
  const ec = new Signer('e');
  return withServer(setOf(ec), async (server) => {
    server.status = 500;
    await withTokens({ jwks_url: server.url }, async (gateway, sandbox, show) => {
      const waiting = gateway.offboard(one('lapse'), 200, show(ec.token()));
      await gateway.program.seen((l) => l.includes('does not answer 200'));
      server.status = 200;
      await waiting;
    });
  });
});

test('keys from a URL: a server that asks for time is given it', () => {
  const ec = new Signer('e');
  return withServer(setOf(ec), async (server) => {
    Object.assign(server, { status: 503, headers: { 'retry-after': '600' } });
    await withTokens({ jwks_url: server.url }, async (gateway, sandbox, show) => {
      await gateway.program.seen((l) => l.includes('does not answer 200'));
      server.status = 200;
      // By its own backoff the gateway would have asked again after a second.
      await gateway.offboard(one('lapse'), 503, show(ec.token(), { prefer: 'wait=2' }));
      assert.equal(server.asked, 1);
    });
  });
});

test('a gateway whose keys cannot be reached stops all the same', () => {
  const ec = new Signer('e');
  return withServer('', async (server) => {
    server.hold();
    await withTokens({ jwks_url: server.url }, async (gateway) => {
      while (server.asked === 0) await new Promise(setImmediate);
      const waiting = gateway.offboard(one('lapse'), 503, bearer(ec.token(), { prefer: 'wait=1' }));
      await waiting;
    });
    server.release();
  });
});

test('a key set that cannot be used at start is said, and nothing is served', () => new KeyFile('{"keys":[]}').use(async (file) => {
  const sandbox = await Sandbox.start();
  const config = join(file.folder, 'offboard.yaml');
  writeFileSync(config, JSON.stringify(configuration(sandbox.port, { auth: { jwt: { issuer, audience: 'a', jwks_file: file.path } } })));
  const gateway = new Program(program('offboard-gateway'), ['--config', config]);
  assert.equal((await gateway.ended).code, 2);
  assert.match(gateway.lines.join('\n'), /auth\.jwt\.jwks_file/);
  await sandbox.stop();
}));
