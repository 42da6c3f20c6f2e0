// Secrets and certificates are exchanged as Kubernetes exchanges mounted files, while callers never stop asking.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import tls from 'node:tls';

import { configuration, exchange, Gateway, person, Sandbox } from './harness.mjs';

// The harness looks for the end of each secret in the log.
const secret = (name) => `${name}-secret-7f3a`;
const hashOf = (key) => createHash('sha256').update(key).digest('hex');

/** A volume as the kubelet lays one out: names that are links into `..data`, a link that is renamed over. */
class Volume {
  constructor(files) {
    this.folder = mkdtempSync(join(tmpdir(), 'offboard-'));
    this.files = {};
    this.version = 0;
    this.swap(files);
  }

  at(name) { return join(this.folder, name); }

  /** Some files with other content, all at once; undefined: gone. */
  swap(files) {
    this.files = { ...this.files, ...files };
    const version = `..version_${++this.version}`;
    mkdirSync(this.at(version));
    for (const [name, content] of Object.entries(this.files)) {
      if (content === undefined) continue;
      mkdirSync(dirname(this.at(join(version, name))), { recursive: true });
      writeFileSync(this.at(join(version, name)), content);
    }
    symlinkSync(version, this.at('..new'));
    renameSync(this.at('..new'), this.at('..data'));
    for (const [name, content] of Object.entries(files)) {
      if (content === undefined) rmSync(this.at(name), { force: true });
      else if (this.version === 1 || !this.linked.has(name)) symlinkSync(join('..data', name), this.at(name));
    }
    this.linked = new Set(Object.keys(this.files).filter((name) => this.files[name] !== undefined));
  }

  remove() { rmSync(this.folder, { recursive: true }); }
}

/** A certificate authority and what it has signed for localhost. */
class Authority {
  constructor(name) {
    const folder = mkdtempSync(join(tmpdir(), 'offboard-'));
    const openssl = (...words) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', `/CN=${name}`);
    writeFileSync(join(folder, 'names'), 'subjectAltName = DNS:localhost\n');
    openssl('req', ...key, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=leaf');
    openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', 'leaf.pem');
    const text = (file) => readFileSync(join(folder, file), 'utf8');
    this.pem = text('ca.pem');
    this.leaf = { cert: text('leaf.pem'), key: text('leaf.key') };
    rmSync(folder, { recursive: true });
  }
}

/** TLS in front of a plain port. */
async function tlsFront(port, identity) {
  const open = new Set();
  const server = tls.createServer(identity, (socket) => {
    const behind = net.connect(port, '127.0.0.1');
    open.add(socket);
    for (const [from, to] of [[socket, behind], [behind, socket]]) {
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => { open.delete(from); to.destroy(); });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    show: (other) => server.setSecureContext(other),
    stop: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

class Signer {
  constructor(kid) { Object.assign(this, { kid, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) }); }

  get jwk() { return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig' }; }

  get bearer() {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: 'https://issuer.example', aud: 'offboard', exp: Math.floor(Date.now() / 1000) + 600, sub: 'sync', scope: 'offboard:write offboard:read offboard:erase' };
    const text = `${part({ alg: 'ES256', kid: this.kid })}.${part(claims)}`;
    return { authorization: `Bearer ${text}.${sign('sha256', Buffer.from(text), { key: this.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}` };
  }
}
const setOf = (...signers) => JSON.stringify({ keys: signers.map((s) => s.jwk) });

/** The log from now on. */
class Reader {
  constructor(gateway) { Object.assign(this, { gateway, from: gateway.program.lines.length }); }
  lines() { return this.gateway.program.lines.slice(this.from).map((line) => JSON.parse(line)); }
  async until(wanted) {
    for (;;) {
      const found = this.lines().find(wanted);
      if (found) return found;
      await new Promise(setImmediate);
    }
  }
}

/** What a check of the files finds, asked for as an operator does. */
async function check(gateway) {
  const reader = new Reader(gateway);
  process.kill(gateway.program.child.pid, 'SIGHUP'); // child.kill() would be taken for the end
  const { rotated, refused } = await reader.until((l) => l.message === 'secrets checked');
  const keys = (message) => reader.lines().filter((l) => l.message === message).map((l) => l.key);
  return { rotated, refused, keys: keys('secret rotated'), faults: keys('new secrets refused, those before stay in use') };
}

/** Callers that ask again as soon as they are answered, each with a customer of its own, and accept nothing but 200. */
class Crowd {
  constructor(gateway, headers) {
    this.answers = 0;
    this.callers = headers.map((of, i) => this.call(gateway, of, i));
    this.ended = Promise.all(this.callers);
    this.ended.catch(() => {}); // it is told to whoever waits
  }

  async call(gateway, headers, who) {
    for (let n = 0; !this.stopping; ++n) {
      await gateway.offboard({ plan: 'everything', customers: [{ identifiers: person(1000 * (who + 1) + n) }] }, 200, headers());
      ++this.answers;
      this.answered?.();
    }
  }

  /** Until so many more requests, begun from now on, have been answered. */
  async goesOn(more = 3 * this.callers.length) {
    const enough = this.answers + more;
    while (this.answers < enough) await Promise.race([this.ended, new Promise((told) => { this.answered = told; })]);
  }

  async stop() {
    this.stopping = true;
    await this.ended;
  }
}

/** Sandbox, TLS in front of it, a volume and a gateway whose every secret is a file of that volume. */
async function everySecret(body, { vendors = {}, jwt, check_every = '1h', more = {} } = {}) {
  const authorities = { old: new Authority('old'), new: new Authority('new') };
  const signers = { old: new Signer('1'), new: new Signer('2') };
  const sandbox = await Sandbox.start();
  const front = await tlsFront(sandbox.port, authorities.old.leaf);
  const key = (name) => `${hashOf(secret(name))}\n`;
  const volume = new Volume({
    mention_me: `${secret('mm-old')}\n`, capillary: secret('cap-old'), billing: secret('bill-old'), ca: authorities.old.pem,
    crm: key('crm-old'), operator: key('operator'), jwks: setOf(signers.old), ...more,
  });
  const keys = new Volume({ '2026-11': randomBytes(32) });
  await sandbox.set({
    secrets: { mention_me: [secret('mm-old')], capillary: [secret('cap-old')], billing: [secret('bill-old')] },
    rate_limit: { calls: 1_000_000, per_ms: 1000 }, // the crowd of a fast machine would use up the usual one
  });
  const config = configuration(sandbox.port, {
    auth: {
      api_keys: [
        { name: 'crm', sha256_file: volume.at('crm'), scopes: ['offboard:write', 'offboard:read', 'offboard:erase'] },
        { name: 'operator', sha256_file: volume.at('operator'), scopes: ['offboard:operate'] },
      ],
      jwt: { issuer: 'https://issuer.example', audience: 'offboard', ...(jwt?.(volume) ?? { jwks_file: volume.at('jwks') }) },
    },
    secrets: { check_every },
  });
  const files = {
    mention_me: { client_secret_file: volume.at('mention_me') },
    capillary: { oauth: { key: 'test', secret_file: volume.at('capillary') } },
    billing: { api_key_file: volume.at('billing'), base_url: `https://localhost:${front.port}`, tls: { ca_file: volume.at('ca') } },
  };
  for (const [vendor, settings] of Object.entries(files)) Object.assign(config.vendors[vendor], settings, vendors[vendor]?.(volume));
  for (const open of ['client_secret', 'api_key']) for (const vendor of Object.values(config.vendors)) delete vendor[open];
  const state = mkdtempSync(join(tmpdir(), 'offboard-'));
  config.journal = { sqlite: { path: join(state, 'journal.db') }, key_dir: keys.folder };
  let gateway;
  try {
    gateway = await Gateway.start(config);
    await body({ gateway, sandbox, front, volume, keys, authorities, signers, key });
    await gateway.stop();
  } catch (error) {
    error.message += `\nlog:\n${gateway?.program.lines.slice(-30).join('\n')}`;
    gateway?.program.child.kill('SIGKILL');
    throw error;
  } finally {
    await sandbox.stop();
    await front.stop();
    for (const each of [volume, keys]) each.remove();
    rmSync(state, { recursive: true });
  }
}

const levels = (gateway, level) => gateway.program.lines.map((l) => JSON.parse(l)).filter((l) => l.level === level);
const metric = async (gateway, name) => Number((await exchange(gateway.admin, 'GET', '/metrics')).text.match(new RegExp(`^${name} (\\S+)$`, 'm'))[1]);

test('every secret is exchanged under load, and no request fails', () => everySecret(async ({ gateway, sandbox, front, volume, keys, authorities, signers, key }) => {
  let apiKey = secret('crm-old');
  let signer = signers.old;
  const crowd = new Crowd(gateway, [...Array(2).fill(() => ({ 'x-api-key': apiKey })), ...Array(2).fill(() => signer.bearer)]);
  const rotates = async (...expected) => assert.deepEqual(await check(gateway), { rotated: expected.length, refused: 0, keys: expected, faults: [] });
  await crowd.goesOn();
  assert.deepEqual(await check(gateway), { rotated: 0, refused: 0, keys: [], faults: [] });

  // The vendors' own: there is a while in which both are taken.
  for (const [vendor, name, file] of [['mention_me', 'mm', 'client_secret_file'], ['capillary', 'cap', 'oauth.secret_file'], ['billing', 'bill', 'api_key_file']]) {
    await sandbox.set({ secrets: { [vendor]: [secret(`${name}-old`), secret(`${name}-new`)] } });
    volume.swap({ [vendor]: secret(`${name}-new`) });
    await rotates(`vendors.${vendor}.${file}`);
    await crowd.goesOn();
    await sandbox.set({ secrets: { [vendor]: [secret(`${name}-new`)] } });
    await sandbox.control('DELETE', 'tokens');
    await crowd.goesOn();
  }

  // The authority of a vendor's certificate.
  volume.swap({ ca: authorities.old.pem + authorities.new.pem });
  await rotates('vendors.billing.tls.ca_file');
  await crowd.goesOn();
  front.show(authorities.new.leaf);
  volume.swap({ ca: authorities.new.pem });
  await rotates('vendors.billing.tls.ca_file');
  await crowd.goesOn();

  // A caller's key: both are good while the caller changes over.
  volume.swap({ crm: key('crm-new') + key('crm-old') });
  await rotates('auth.api_keys[0].sha256_file');
  apiKey = secret('crm-new');
  await crowd.goesOn();
  volume.swap({ crm: key('crm-new') });
  await rotates('auth.api_keys[0].sha256_file');
  await crowd.goesOn();
  await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(1) }] }, 401, { 'x-api-key': secret('crm-old') });

  // An issuer's keys: looked at when tokens come.
  const read = new Reader(gateway);
  volume.swap({ jwks: setOf(signers.old, signers.new) });
  await read.until((l) => l.message === "the issuer's keys were read" && l.keys === 2);
  signer = signers.new;
  await crowd.goesOn();
  const again = new Reader(gateway);
  volume.swap({ jwks: setOf(signers.new) });
  await again.until((l) => l.message === "the issuer's keys were read" && l.keys === 1);
  await crowd.goesOn();

  // The journal's key: one more, and it encrypts from then on.
  keys.swap({ '2026-12': randomBytes(32).toString('hex') });
  await rotates('journal.key_dir/2026-12');
  await crowd.goesOn();

  // All at once.
  await sandbox.set({ secrets: { mention_me: [], capillary: [], billing: [] } });
  volume.swap({ mention_me: secret('mm-last'), capillary: secret('cap-last'), billing: secret('bill-last'), ca: authorities.new.pem + authorities.old.pem });
  await rotates('vendors.billing.api_key_file', 'vendors.billing.tls.ca_file', 'vendors.capillary.oauth.secret_file', 'vendors.mention_me.client_secret_file');
  await crowd.goesOn();
  await crowd.stop();

  assert.equal(await metric(gateway, 'offboard_secrets_rotated_total'), 12);
  assert.deepEqual(levels(gateway, 'error'), []);
  assert.deepEqual(levels(gateway, 'warn'), []);
}));

test('a bad file of each kind is told once, what was before stays in use, and a good one mends it', () => everySecret(async ({ gateway, volume, keys, authorities, key }) => {
  const headers = { 'x-api-key': secret('crm-old') };
  const works = (n) => gateway.offboard({ plan: 'everything', customers: [{ identifiers: person(n) }] }, 200, headers);
  await works(0);
  const first = keys.files['2026-11'];
  let n = 0;
  for (const [where, bad, expected] of [
    [volume, { mention_me: '' }, 'vendors.mention_me.client_secret_file'],
    [volume, { capillary: 'two\nlines' }, 'vendors.capillary.oauth.secret_file'],
    [volume, { billing: 'x'.repeat(5000) }, 'vendors.billing.api_key_file'],
    [volume, { ca: 'no certificate' }, 'vendors.billing.tls.ca_file'],
    [volume, { ca: authorities.old.pem.slice(0, 300) }, 'vendors.billing.tls.ca_file'],
    [volume, { crm: secret('crm-old') }, 'auth.api_keys[0].sha256_file'],
    [volume, { operator: key('crm-old') }, 'auth.api_keys[1].sha256_file'],
    [volume, { jwks: undefined }, 'auth.jwt.jwks_file'],
    [keys, { '2026-12': 'no key' }, 'journal.key_dir'],
    [keys, { '2026-11': randomBytes(32) }, 'journal.key_dir/2026-11'],
    [keys, { '2026-11': undefined, '2026-12': randomBytes(32) }, 'journal.key_dir/2026-11'],
  ]) {
    const good = Object.fromEntries(Object.keys(bad).map((name) => [name, where.files[name]]));
    // What comes with a bad file is not applied either.
    where.swap(bad);
    if (where === volume && !('mention_me' in bad)) volume.swap({ mention_me: secret('mm-refused') });
    assert.deepEqual(await check(gateway), { rotated: 0, refused: 1, keys: [], faults: [expected] });
    assert.deepEqual(await check(gateway), { rotated: 0, refused: 1, keys: [], faults: [] });
    assert.equal(await metric(gateway, 'offboard_secrets_refused'), 1);
    await works(++n);
    where.swap({ ...good, ...(where === volume ? { mention_me: `${secret('mm-old')}\n` } : {}) });
    const reader = new Reader(gateway);
    assert.deepEqual(await check(gateway), { rotated: 0, refused: 0, keys: [], faults: [] });
    assert.ok(reader.lines().some((l) => l.message === 'secrets can be used again'));
    assert.equal(await metric(gateway, 'offboard_secrets_refused'), 0);
    await works(++n);
  }
  assert.equal(keys.files['2026-11'], first);
  assert.deepEqual(levels(gateway, 'error'), []);
}));

test('a master key is added, used from then on, and taken out once nothing needs it, while the gateway runs', () => everySecret(async ({ gateway, keys }) => {
  const headers = { 'x-api-key': secret('crm-old') };
  const works = (n) => gateway.offboard({ plan: 'everything', customers: [{ identifiers: person(n) }] }, 200, headers);
  keys.swap({ '2026-12': randomBytes(32).toString('hex') });
  assert.deepEqual(await check(gateway), { rotated: 1, refused: 0, keys: ['journal.key_dir/2026-12'], faults: [] });
  keys.swap({ '2026-11': undefined }); // nothing was written under it
  assert.deepEqual(await check(gateway), { rotated: 1, refused: 0, keys: ['journal.key_dir/2026-11'], faults: [] });
  await works(1);
  keys.swap({ '2027-01': randomBytes(32).toString('hex') });
  assert.deepEqual(await check(gateway), { rotated: 1, refused: 0, keys: ['journal.key_dir/2027-01'], faults: [] });
  const { '2026-12': needed } = keys.files;
  keys.swap({ '2026-12': undefined });
  assert.deepEqual(await check(gateway), { rotated: 0, refused: 1, keys: [], faults: ['journal.key_dir/2026-12'] });
  assert.match(levels(gateway, 'warn').at(-1).detail, /"2026-12" is still needed/);
  await works(2);
  keys.swap({ '2026-12': needed });
  assert.deepEqual(await check(gateway), { rotated: 0, refused: 0, keys: [], faults: [] });
}));

test('a vendor that takes only the new secret brings about the look at the files', () => everySecret(async ({ gateway, sandbox, volume }) => {
  const headers = { 'x-api-key': secret('crm-old') };
  const works = (n) => gateway.offboard({ plan: 'everything', customers: [{ identifiers: person(n) }] }, 200, headers);
  await works(1);
  volume.swap({ mention_me: secret('mm-new'), capillary: secret('cap-new'), billing: secret('bill-new') });
  await sandbox.set({ secrets: { mention_me: [secret('mm-new')], capillary: [secret('cap-new')], billing: [secret('bill-new')] } });
  await sandbox.control('DELETE', 'tokens');
  await works(2);
  assert.equal(await metric(gateway, 'offboard_secrets_rotated_total'), 3);
}));

test('changes are found without being asked for', () => everySecret(async ({ gateway, sandbox, volume }) => {
  const reader = new Reader(gateway);
  await sandbox.set({ secrets: { billing: [secret('bill-new')] } });
  volume.swap({ billing: secret('bill-new') });
  await reader.until((l) => l.message === 'secret rotated' && l.key === 'vendors.billing.api_key_file');
  await gateway.offboard({ plan: 'forget', customers: [{ identifiers: person(1) }] }, 200, { 'x-api-key': secret('crm-old') });
}, { check_every: '1s' }));

test("a vendor that does not take the new secret yet is asked with the old secret's token", () => everySecret(async ({ gateway, sandbox, volume }) => {
  const headers = { 'x-api-key': secret('crm-old') };
  const works = (n) => gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(n) }] }, 200, headers);
  await works(1);
  volume.swap({ mention_me: secret('mm-new') });
  assert.deepEqual((await check(gateway)).keys, ['vendors.mention_me.client_secret_file']);
  await works(2);
  await gateway.program.seen((l) => l.includes('"level":"warn"') && l.includes('"token request failed"'));
  await sandbox.set({ secrets: { mention_me: [secret('mm-new')] } });
  await sandbox.control('DELETE', 'tokens');
  await works(3);
}));

test("a password, and the authority of the issuer's URL", async () => {
  const signers = [new Signer('1'), new Signer('2')];
  const authorities = [new Authority('old'), new Authority('new')];
  let served = setOf(signers[0]);
  const issuer = https.createServer(authorities[0].leaf, (_, answer) => answer.end(served));
  issuer.keepAliveTimeout = 1;
  issuer.listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  const more = { password: secret('basic-old'), issuer_ca: authorities[0].pem };
  const vendors = { capillary: (v) => ({ oauth: undefined, basic: { username: 'store.server', password_file: v.at('password') } }) };
  const jwt = (v) => ({ jwks_url: `https://localhost:${issuer.address().port}/keys`, ca_file: v.at('issuer_ca') });
  try {
    await everySecret(async ({ gateway, sandbox, volume }) => {
      const works = (n, headers) => gateway.offboard({ plan: 'revoke', customers: [{ identifiers: person(n) }] }, 200, headers);
      await sandbox.set({ secrets: { basic: [secret('basic-old')] } });
      await works(1, signers[0].bearer);
      await sandbox.set({ secrets: { basic: [secret('basic-old'), secret('basic-new')] } });
      volume.swap({ password: secret('basic-new') });
      assert.deepEqual((await check(gateway)).keys, ['vendors.capillary.basic.password_file']);
      await works(2, signers[0].bearer);
      await sandbox.set({ secrets: { basic: [secret('basic-new')] } });
      await works(3, signers[0].bearer);
      // The issuer moves to the other authority, and to another key: that is fetched by the new roots.
      issuer.setSecureContext(authorities[1].leaf);
      served = setOf(signers[1]);
      volume.swap({ issuer_ca: authorities[1].pem });
      assert.deepEqual((await check(gateway)).keys, ['auth.jwt.ca_file']);
      await works(4, signers[1].bearer);
      assert.deepEqual(levels(gateway, 'warn'), []);
    }, { vendors, jwt, more });
  } finally {
    issuer.closeAllConnections();
    issuer.close();
    await once(issuer, 'close');
  }
});
