// What a stop, and an operator who does not read, must not cost.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { configuration, exchange, Gateway, person, program, Sandbox } from './harness.mjs';

const folder = () => mkdtempSync(join(tmpdir(), 'offboard-'));

test('a planned stop cuts no call: nobody is forgotten twice, and what waits is left for the next process', async () => {
  const sandbox = await Sandbox.start();
  const state = folder();
  const key_file = join(state, 'master.key');
  writeFileSync(key_file, 'ab'.repeat(32));
  const config = configuration(sandbox.port, {
    journal: { sqlite: { path: join(state, 'journal.db') }, keys: [{ id: 'a', key_file }] },
    drain: { timeout: '300ms' },
    each: { billing: { max_in_flight: 1, timeout: '2s' } },
  });
  try {
    await sandbox.set({ latency_ms: 700 });
    const first = await Gateway.start(config);
    const ids = [];
    for (let n = 0; n < 5; ++n) ids.push((await first.offboard({ plan: 'forget', customers: [{ identifiers: person(n) }] }, 202, { prefer: 'respond-async' })).body.id);
    await sandbox.sent('forget');
    await first.stop(); // the call in flight takes longer than drain.timeout
    const before = (await sandbox.calls('forget')).length;
    assert.equal(Object.keys((await sandbox.state()).forgotten).length, before, 'a call was cut');
    await sandbox.set({ latency_ms: 0 });
    const second = await Gateway.start(config);
    for (const id of ids) assert.equal((await second.settled(id)).status, 'ok');
    await second.stop();
    assert.deepEqual(Object.values((await sandbox.state()).forgotten).map((t) => t.times), [1, 1, 1, 1, 1]);
  } finally {
    rmSync(state, { recursive: true });
    await sandbox.stop();
  }
});

test('a standard error that nobody reads stops nothing, and the lost lines are counted', async () => {
  const sandbox = await Sandbox.start();
  const state = folder();
  const file = join(state, 'offboard.yaml');
  writeFileSync(file, JSON.stringify(configuration(sandbox.port, { limits: { header_timeout: '10s' } })));
  const child = spawn(program('offboard-gateway'), ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  try {
    let text = '';
    const port = await new Promise((found) => child.stderr.on('data', function read(bytes) {
      text += bytes;
      const ports = [...text.matchAll(/"listener":"(\w+)","address":"127.0.0.1","port":(\d+)/g)];
      if (ports.length < 2) return;
      child.stderr.off('data', read);
      child.stderr.pause();
      found(Object.fromEntries(ports.map(([, name, number]) => [name, Number(number)])));
    }));
    const dropped = async () => Number((await exchange(port.admin, 'GET', '/metrics')).text.match(/^offboard_log_lines_dropped_total (\d+)$/m)[1]);
    while (await dropped() === 0) {
      const answers = await Promise.all(Array.from({ length: 64 }, () => exchange(port.main, 'GET', `/offboard/01JD2M7Q0R8W2C5V9T3K6H4XNB`)));
      assert.ok(answers.every((a) => a.status === 404));
    }
    assert.equal((await exchange(port.admin, 'GET', '/livez')).status, 200);
    child.kill('SIGTERM');
    const [code] = await ended;
    assert.equal(code, 0);
  } finally {
    child.kill('SIGKILL');
    rmSync(state, { recursive: true });
    await sandbox.stop();
  }
});

test('what HTTP allows is taken', async () => {
  const sandbox = await Sandbox.start();
  const gateway = await Gateway.start(configuration(sandbox.port));
  try {
    const body = JSON.stringify({ plan: 'lapse', options: { dry_run: true }, customers: [{ identifiers: { email: 'jo@example.com' } }] });
    const json = { 'content-type': 'application/json' };
    const rows = [
      ['an empty chunked body on a GET', 'GET', '/openapi.yaml', { 'transfer-encoding': 'chunked' }, '', 200],
      ['an empty chunked body on a retry', 'POST', '/offboard/01JD2M7Q0R8W2C5V9T3K6H4XNB/retry', { 'transfer-encoding': 'chunked' }, '', 404],
      ['a chunked body with something in it on a GET', 'GET', '/openapi.yaml', { 'transfer-encoding': 'chunked' }, 'x', 400],
      ['Identity in capitals', 'POST', '/offboard', { ...json, 'content-encoding': 'Identity' }, body, 200],
      ['a media type in capitals', 'POST', '/offboard', { 'content-type': 'Application/JSON; charset="utf-8"' }, body, 200],
      ['a byte order mark', 'POST', '/offboard', json, `\uFEFF${body}`, 200],
    ];
    for (const [name, method, path, headers, sent, status] of rows)
      assert.equal((await exchange(gateway.port, method, path, { body: sent, headers })).status, status, name);
  } finally {
    await gateway.stop();
    await sandbox.stop();
  }
});
