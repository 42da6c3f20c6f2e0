// How the gateway starts, is configured, waits, and stops.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { configuration, exchange, Gateway, person, Program, program, Sandbox, steps, together } from './harness.mjs';

const one = (plan, n = 0) => ({ plan, customers: [{ identifiers: person(n) }] });

/** Runs the gateway with these arguments until it ends. */
async function run(args, env) {
  const gateway = new Program(program('offboard-gateway'), args, env);
  const { code } = await gateway.ended;
  return { code, lines: gateway.lines };
}

function file(text) {
  const path = join(mkdtempSync(join(tmpdir(), 'offboard-')), 'offboard.yaml');
  writeFileSync(path, text);
  return path;
}

test('SIGTERM lets requests in flight finish and exits 0', () => together(async (gateway, sandbox) => {
  await sandbox.set({ latency_ms: 300 });
  const answers = [0, 1, 2].map((n) => gateway.offboard(one('forget', n), 200));
  while ((await sandbox.count('forget')).calls < 3) await new Promise(setImmediate);
  gateway.program.child.kill('SIGTERM');
  for (const { body } of await Promise.all(answers)) assert.equal(body.status, 'ok');
}));

test('who still waits when the drain is over gets 202, and the process ends with 0', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'forget', kind: 'stall', times: 0 });
  const waiting = gateway.offboard(one('forget'), 202);
  while ((await sandbox.count('forget')).calls === 0) await new Promise(setImmediate);
  gateway.program.child.kill('SIGTERM');
  const { body } = await waiting;
  assert.equal(steps(body.customers[0])['billing.forget'].status, 'pending');
}, { drain: { timeout: '300ms' } }));

test('readiness goes off at once, the listener after the delay', () => together(async (gateway) => {
  assert.equal((await exchange(gateway.admin, 'GET', '/readyz')).status, 200);
  gateway.program.child.kill('SIGTERM');
  await gateway.program.seen((l) => l.includes('"draining"'));
  const ready = await exchange(gateway.admin, 'GET', '/readyz');
  assert.equal(ready.status, 503);
  gateway.judge('GET', '/readyz', ready);
  assert.equal((await exchange(gateway.admin, 'GET', '/livez')).status, 200);
  await gateway.offboard(one('lapse'), 200); // still served: the endpoints may lag behind
}, { drain: { delay: '1s', timeout: '2s' } }));

test('a vendor that is down makes customers wait, and is used again when it is back', async () => {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => holder.once('listening', listening));
  const { port } = holder.address();
  await new Promise((closed) => holder.close(closed));
  const gateway = await Gateway.start(configuration(port));
  let sandbox;
  try {
    const { body } = await gateway.offboard(one('lapse'), 202, { prefer: 'wait=0' });
    await gateway.program.seen((l) => l.includes('token request failed'));
    const pending = await gateway.get(`/offboard/${body.id}`, 202);
    assert.equal(pending.body.status, 'pending');
    sandbox = await Sandbox.start(port);
    assert.equal((await gateway.settled(body.id)).status, 'ok');
  } finally {
    await gateway.stop();
    await sandbox?.stop();
  }
});

test('what cannot be done in give_up_after is given up, and says so', () => together(async (gateway, sandbox) => {
  await sandbox.fault({ call: 'lapse', status: 503, times: 0 });
  const { body } = await gateway.offboard(one('lapse'), 207);
  const [step] = body.customers[0].steps;
  assert.deepEqual([step.status, step.code, step.retryable], ['failed', 'vendor_error', true]);
  assert.ok(step.attempts > 1);
}, { give_up_after: '1s' }));

test('the memory journal is bounded: the longest settled go first, what is unsettled never', () => together(async (gateway, sandbox) => {
  const ids = [];
  for (const n of [1, 2, 3]) ids.push((await gateway.offboard(one('lapse', n), 200)).body.id);
  await gateway.get(`/offboard/${ids[0]}`, 404);
  await gateway.get(`/offboard/${ids[2]}`, 200);
  await sandbox.set({ latency_ms: 3000 });
  const held = [4, 5].map((n) => gateway.offboard(one('forget', n), 200));
  while ((await sandbox.count('forget')).in_flight < 2) await new Promise(setImmediate);
  const refused = await gateway.offboard(one('lapse', 6), 503);
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  await Promise.all(held);
}, { journal: { memory: { operations: 2 } } }));

test('a full queue is 503 before anything is sent', () => together(async (gateway, sandbox) => {
  await sandbox.set({ latency_ms: 3000 });
  const first = gateway.offboard({ plan: 'forget', customers: [1, 2, 3].map((n) => ({ identifiers: person(n) })) }, 200);
  while ((await sandbox.count('forget')).calls === 0) await new Promise(setImmediate);
  await gateway.offboard({ plan: 'forget', customers: [4, 5, 6].map((n) => ({ identifiers: person(n) })) }, 503);
  await first;
  assert.equal((await sandbox.count('forget')).calls, 3);
}, { limits: { queue: 3 }, each: { billing: { max_in_flight: 1 } } }));

test('every fault of the configuration is printed with its line and key', async () => {
  const path = file([
    'listen: 0.0.0.0:8080', 'deadlin: { default: 20s }', 'vendors:', '  mention_me:', '    base_url: http://mention-me.com',
    '    client_id: x', '    client_secret: very-secret', 'plans:', '  a:', '    billing: { forget: { keep: [mail] } }', '',
  ].join('\n'));
  const checked = await run(['--config', path, '--check-config']);
  assert.equal(checked.code, 2);
  for (const [line, key] of [[1, 'listen'], [2, 'deadlin'], [5, 'vendors.mention_me.base_url'], [10, 'plans.a']]) {
    assert.ok(checked.lines.some((l) => l.startsWith(`${path}:${line}: ${key}`)), `${line} ${key}\n${checked.lines.join('\n')}`);
  }
  assert.ok(!checked.lines.join('\n').includes('very-secret'));
  const started = await run(['--config', path]);
  assert.equal(started.code, 2);
  for (const line of started.lines) JSON.parse(line);
});

test('a good configuration is checked without starting anything', async () => {
  const { code, lines } = await run(['--check-config', '--config', file(JSON.stringify(configuration(9)))]);
  assert.equal(code, 0);
  assert.match(lines.at(-1), /no fault found/);
});

test('usage', async () => {
  assert.deepEqual([(await run(['--help'])).code, (await run(['--version'])).code], [0, 0]);
  for (const args of [[], ['--config'], ['--config', '/nowhere/offboard.yaml'], ['--config', tmpdir()], ['--frobnicate'],
    ['--config', 'x', '--check-config', '--check-vendors']]) {
    const { code, lines } = await run(args);
    assert.equal(code, 2, args.join(' '));
    JSON.parse(lines[0]);
  }
});

test('any value can come from the environment', () => together(async (gateway, sandbox) => {
  await gateway.offboard(one('lapse'), 200);
  const [token] = await sandbox.calls('mention_me_token');
  assert.equal(JSON.parse(token.body).client_secret, 'from-the-environment');
}, { each: { mention_me: { base_url: 'http://127.0.0.1:9' } } }, (port) => ({
  OFFBOARD__VENDORS__MENTION_ME__BASE_URL: `http://127.0.0.1:${port}`,
  OFFBOARD__VENDORS__MENTION_ME__CLIENT_SECRET: 'from-the-environment',
})));

test('the log tells more and less while it runs', () => together(async (gateway) => {
  const probes = () => gateway.program.lines.filter((l) => l.includes('"/livez"')).length;
  const probe = () => exchange(gateway.admin, 'GET', '/livez');
  const switched = async (signal, level) => {
    process.kill(gateway.program.child.pid, signal);
    await gateway.program.seen((l) => l.includes('"log level changed"') && l.includes(`"log_level":"${level}"`));
  };
  await probe();
  assert.equal(probes(), 0);
  await switched('SIGUSR1', 'debug');
  await probe();
  await gateway.program.seen((l) => l.includes('"/livez"'));
  await switched('SIGUSR2', 'info');
  const before = probes();
  await probe();
  await gateway.offboard(one('lapse'), 200); // its line comes after the probe's, if that had one
  assert.equal(probes(), before);
}, { log: { level: 'info' } }));

/** Waits until the process listens; for one whose log does not say so. */
async function listens(pid) {
  const states = () => readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1).map((l) => l.trim().split(/\s+/));
  for (;;) {
    const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return ''; // closed meanwhile
      }
    }));
    if (states().some((l) => l[3] === '0A' && sockets.has(`socket:[${l[9]}]`))) return;
    await new Promise(setImmediate);
  }
}

test('a change of the log level is told at every level, and is no error', async () => {
  const gateway = new Program(program('offboard-gateway'), ['--config', file(JSON.stringify(configuration(9, { log: { level: 'error' } })))]);
  await listens(gateway.child.pid);
  const told = () => gateway.lines.map((l) => JSON.parse(l)).filter((l) => l.message === 'log level changed').map((l) => [l.level, l.log_level]);
  for (const [n, signal] of ['SIGUSR2', 'SIGUSR1', 'SIGUSR2'].entries()) {
    process.kill(gateway.child.pid, signal);
    await gateway.seen(() => told().length > n);
  }
  assert.equal((await gateway.stop()).code, 0);
  assert.deepEqual(told(), [['info', 'error'], ['info', 'debug'], ['info', 'error']]);
  // The level is the one that was asked for afterwards: nothing is said of the end.
  assert.ok(!gateway.lines.some((l) => l.includes('"stopped"')));
});

test('a listener that is taken is a fault at start', async () => {
  const taken = http.createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => taken.once('listening', listening));
  const { code, lines } = await run(['--config', file(JSON.stringify(configuration(9, { listen: `127.0.0.1:${taken.address().port}` })))]);
  taken.close();
  assert.equal(code, 2);
  assert.ok(lines.some((l) => l.includes('cannot listen')));
});
