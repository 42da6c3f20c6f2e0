// A disk that is full when the gateway starts: it lives, promises nothing, and goes on by itself when there is room.
// The disk is a limit on the size of files, which a process bears where a full file system needs to be mounted.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { configuration, exchange, Gateway, person, Sandbox } from './harness.mjs';

const one = (plan, n = 0) => ({ plan, customers: [{ identifiers: person(n) }] });

const probe = async (gateway, path) => {
  const answer = await exchange(gateway.admin, 'GET', path);
  gateway.judge('GET', path, answer);
  return answer;
};
const ready = async (gateway) => {
  while ((await probe(gateway, '/readyz')).status !== 200);
};
const makeRoom = (gateway) => execFileSync('prlimit', ['--pid', gateway.program.child.pid, '--fsize=unlimited:']);

/** Runs `body` with a sandbox, and with the configuration of gateways that share one journal. */
async function withDisk(body) {
  const folder = mkdtempSync(join(tmpdir(), 'offboard-disk-'));
  const sandbox = await Sandbox.start();
  try {
    const key_file = join(folder, 'master.key');
    writeFileSync(key_file, randomBytes(32), { mode: 0o600 });
    const journal = { sqlite: { path: join(folder, 'journal.db') }, keys: [{ id: 'a', key_file }] };
    const config = configuration(sandbox.port, { journal, each: { billing: { budget: { calls: 1, per: '1h' } } } });
    const gateways = [];
    const start = async (options) => {
      gateways.push(await Gateway.start(config, options));
      return gateways.at(-1);
    };
    try {
      await body(start, sandbox, journal.sqlite.path);
    } finally {
      for (const gateway of gateways) gateway.program.child.kill('SIGKILL');
    }
  } finally {
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  }
}

/** What a gateway without room on its disk must do, and must not. */
async function isUnready(gateway, sandbox) {
  assert.equal((await probe(gateway, '/livez')).status, 200);
  const state = await probe(gateway, '/readyz');
  assert.equal(state.status, 503);
  assert.match(state.text, /"journal: (disk full|I\/O error)"/); // SQLite does not always tell a limit from a fault
  const { total } = await sandbox.control('GET', 'calls?limit=0');
  const refused = await gateway.offboard(one('forget', 9), 503);
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  await gateway.get('/offboard/01JD2M7Q0R8W2C5V9T3K6H4XNB', 503);
  assert.equal((await sandbox.control('GET', 'calls?limit=0')).total, total);
}

test('what an earlier process left is resumed when the disk has room again, and its calls count', () => withDisk(async (start, sandbox) => {
  const first = await start();
  const settled = await first.offboard(one('forget', 1), 200); // the one call that the budget has
  await sandbox.fault({ call: 'lapse', kind: 'stall', times: 1 });
  const flying = await first.offboard(one('lapse', 2), 202, { prefer: 'wait=0' });
  await sandbox.sent('lapse');
  const { body: waiting } = await first.offboard(one('forget', 4), 202, { prefer: 'wait=0' });
  assert.equal((await first.program.stop('SIGKILL')).signal, 'SIGKILL');
  rmSync(first.folder, { recursive: true });
  const waited_s = (Date.now() - Date.parse(waiting.created_at)) / 1000;

  const second = await start({ full: true });
  await isUnready(second, sandbox);
  await second.program.seen((l) => l.includes('the journal cannot be opened'));
  makeRoom(second);
  await ready(second);
  const step = (await second.settled(flying.body.id)).customers[0].steps[0];
  assert.deepEqual([step.status, step.attempts], ['accepted', 2], 'the call that the kill cut counts');
  assert.equal((await second.get(`/offboard/${settled.body.id}`, 200)).body.status, 'ok');
  const oldest = (await probe(second, '/metrics')).text.match(/^offboard_queue_oldest_seconds{vendor="billing"} (.*)$/m);
  assert.ok(Number(oldest[1]) >= waited_s, 'whoever waited before goes on waiting');
  await second.offboard(one('forget', 3), 202, { prefer: 'wait=1' });
  assert.equal((await sandbox.count('forget')).calls, 1, 'the budget was spent by the process that was killed');
  await second.stop();
}));

test('without a journal yet it is made when the disk has room', () => withDisk(async (start, sandbox, path) => {
  const gateway = await start({ full: true });
  await isUnready(gateway, sandbox);
  assert.equal(readFileSync(path).length, 0);
  makeRoom(gateway);
  await ready(gateway);
  await gateway.offboard(one('forget'), 200);
  await gateway.stop();
}));

test('it stops as asked while it waits for the disk', () => withDisk(async (start, sandbox) => {
  const gateway = await start({ full: true });
  await isUnready(gateway, sandbox);
  await gateway.stop();
}));
