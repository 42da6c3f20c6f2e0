// A long run of mixed traffic against a sandbox that misbehaves, as fast as it goes: does anything grow, or complain?
// Figures for people, no test.
//
//   node test/bench/soak.mjs [--requests 100000] [--callers 32]
//
// An hour of 28 requests a second is 100,000 of them. The journal is SQLite, and forgets after some seconds, so that
// sweeps and checkpoints are part of it. Every row is a moment: how much was done, memory, descriptors, disk. At the end
// stand the answers by status and every warning and error of the log, counted.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { configuration, exchange, Gateway, Sandbox } from '../system/harness.mjs';
import { mischief, People, plans, seeded } from '../system/crash/people.mjs';

const { values: given } = parseArgs({ options: { requests: { type: 'string', default: '100000' }, callers: { type: 'string', default: '32' } } });
const requests = Number(given.requests);
const random = seeded(Date.now() & 0xffff);
const people = new People(random);
const folder = mkdtempSync(join(tmpdir(), 'offboard-soak-'));
const key_file = join(folder, 'master.key');
writeFileSync(key_file, randomBytes(32).toString('hex'), { mode: 0o600 });

const agent = new http.Agent({ keepAlive: true });
const json = { 'content-type': 'application/json' };
const statuses = {};
const known = []; // ids of the latest operations
let done = 0;

const quick = { timeout: '1s', retry: { base: '20ms', cap: '500ms' }, breaker: { failures: 5, open: '300ms' } };
const sandbox = await Sandbox.start();
await sandbox.set({ rate_limit: { calls: 1_000_000, per_ms: 1000 }, capillary_token_s: 5, mention_me_token_s: 7 });
const gateway = await Gateway.start(configuration(sandbox.port, {
  plans, default_plan: 'lapse', log: { level: 'info' }, deadline: { default: '10s', max: '20s' }, give_up_after: '10s',
  journal: { sqlite: { path: join(folder, 'journal.db') }, retention: '5s', keys: [{ id: 'soak', key_file }] },
  each: { mention_me: quick, capillary: quick, billing: quick },
}));

// Of the log only complaints are kept, and whether an identifier stands in it.
const complaints = {};
let leaked = 0;
let lines = 0;
gateway.program.lines.push = function (line) {
  ++lines;
  if (people.trace.test(line)) ++leaked;
  const { level, message, ...rest } = JSON.parse(line);
  if (level !== 'warn' && level !== 'error') return 0;
  const what = `${level}: ${message} ${rest.vendor ?? ''} ${rest.reason ?? rest.why ?? ''}`.trim();
  complaints[what] = (complaints[what] ?? 0) + 1;
  return 0;
};

async function ask(method, path, what = {}) {
  const answer = await exchange(gateway.port, method, path, { ...what, agent });
  const row = `${method} ${path.replace(/[0-9A-Z]{26}/, '{id}')} ${answer.status}`;
  statuses[row] = (statuses[row] ?? 0) + 1;
  return answer;
}

const turns = {
  async post() {
    const order = people.order();
    const prefer = random.pick([undefined, undefined, 'wait=1', 'respond-async']);
    const headers = { ...json, ...(random.chance(0.3) && { 'idempotency-key': order.key }), ...(prefer && { prefer }) };
    const { body } = await ask('POST', '/offboard', { body: order.text, headers });
    if (body?.id) known.push(body.id);
    if (known.length > 1000) known.splice(0, 500);
    if (headers['idempotency-key'] && random.chance(0.5)) await ask('POST', '/offboard', { body: order.text, headers });
  },
  dry: () => ask('POST', '/offboard', { body: JSON.stringify({ ...people.order().request, options: { dry_run: true } }), headers: json }),
  get: () => ask('GET', `/offboard/${random.pick(known)}`, random.chance(0.3) ? { headers: { prefer: 'wait=1' } } : {}),
  retry: () => ask('POST', `/offboard/${random.pick(known)}/retry`, { headers: { prefer: 'wait=0' } }),
  cancel: () => ask('POST', `/offboard/${random.pick(known)}/cancel`, { headers: { prefer: 'wait=0' } }),
  lookup: () => ask('POST', '/offboard/lookup', { body: { identifier: { type: 'email', value: people.person().email } }, headers: json }),
  wrong: () => ask('POST', '/offboard', { body: '{"customers":[{"identifiers":{"email":7}}],"plan":"no such"}', headers: json }),
  openapi: () => ask('GET', '/openapi.yaml'),
};
const mix = [...Array(10).fill('post'), ...Array(5).fill('get'), 'dry', 'retry', 'cancel', 'lookup', 'wrong', 'openapi'];

async function figure(name) {
  const { text } = await exchange(gateway.admin, 'GET', '/metrics');
  return Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ').pop());
}

const rows = [];
async function sample() {
  const disk = readdirSync(folder).filter((name) => name.startsWith('journal')).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const row = {
    requests: done, 'RSS MiB': Number((await figure('process_resident_memory_bytes') / 2 ** 20).toFixed(1)),
    descriptors: await figure('process_open_fds'), 'journal MiB': Number((disk / 2 ** 20).toFixed(1)), 'CPU s': await figure('process_cpu_seconds_total'),
  };
  rows.push(row);
  console.log(JSON.stringify(row));
}

const every = Math.ceil(requests / 20);
async function caller() {
  while (done < requests) {
    const n = ++done;
    if (n % every === 0) await sample();
    if (n % 500 === 0) {
      await sandbox.clear();
      await sandbox.set({ latency_ms: random.pick([0, 0, 5, 20]) });
      for (const fault of mischief(random)) await sandbox.fault(fault);
    }
    await turns[known.length === 0 ? 'post' : random.pick(mix)]();
  }
}

const began = performance.now();
try {
  await Promise.all(Array.from({ length: Number(given.callers) }, caller));
  const took = (performance.now() - began) / 1000;
  agent.destroy();
  await sandbox.clear();
  await sample();
  console.table(rows);
  console.log(`${requests} requests in ${took.toFixed(0)} s, ${lines} lines of log, ${leaked} with an identifier in them`);
  console.table(Object.entries(statuses).sort().map(([what, count]) => ({ what, count })));
  console.table(Object.entries(complaints).sort().map(([complaint, count]) => ({ complaint, count })));
  gateway.program.child.kill('SIGTERM');
  assert.deepEqual(await gateway.program.ended, { code: 0, signal: null });
} finally {
  gateway.program.child.kill('SIGKILL');
  await sandbox.stop();
  rmSync(gateway.folder, { recursive: true });
  rmSync(folder, { recursive: true });
}
