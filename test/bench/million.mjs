// A journal with a million waiting customers, and the vendor down: how long the gateway takes to be ready, and how much
// memory it holds. Figures for people, no test.
//
//   node test/bench/million.mjs [--operations 1000000] [--seconds 30] [--journal FOLDER]
//
// Needs build/offboard-gateway and build/test/journal_filler (OFFBOARD_BUILD: another build folder). With --journal the
// journal is kept in that folder, and one that is there is used again. Goals: ready within 5 s, less than 256 MiB.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { configuration, exchange, Gateway, program } from '../system/harness.mjs';

const { values: given } = parseArgs({ options: {
  operations: { type: 'string', default: '1000000' }, seconds: { type: 'string', default: '30' }, journal: { type: 'string' },
} });

/** A port where nobody listens. */
async function nobody() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name) => `${name} ${(Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]) / 1024).toFixed(1)} MiB`;
  return `${mib('VmRSS')}, ${mib('VmHWM')}`;
}

const folder = given.journal ?? mkdtempSync(join(tmpdir(), 'offboard-million-'));
mkdirSync(folder, { recursive: true });
const path = join(folder, 'journal.db');
const key_file = join(folder, 'master.key');
if (!existsSync(path)) {
  writeFileSync(key_file, randomBytes(32).toString('hex'), { mode: 0o600 });
  const filled = spawnSync(program('test/journal_filler'), [path, key_file, 'bench', given.operations], { stdio: 'inherit' });
  if (filled.status !== 0) throw new Error(`journal_filler: ${filled.error ?? filled.status}`);
}
console.log(`journal: ${(statSync(path).size / 2 ** 20).toFixed(0)} MiB in ${folder}`);

const config = configuration(await nobody(), {
  log: { level: 'info' },
  plans: { lapse: { mention_me: { lapse: {} } } },
  default_plan: 'lapse',
  journal: { sqlite: { path }, keys: [{ id: 'bench', key_file }] },
});
// The vendor's own budget and waits, as they are in use.
for (const name of ['retry', 'budget']) delete config.vendors.mention_me[name];
const begun = performance.now();
const gateway = await Gateway.start(config);
try {
  while ((await exchange(gateway.admin, 'GET', '/readyz')).status !== 200);
  console.log(`ready after ${((performance.now() - begun) / 1000).toFixed(2)} s; ${memory(gateway.program.child.pid)}`);
  await sleep(Number(given.seconds) * 1000);
  console.log(`after ${given.seconds} s with the vendor down: ${memory(gateway.program.child.pid)}`);
  const { text } = await exchange(gateway.admin, 'GET', '/metrics');
  for (const line of text.split('\n')) if (/^offboard_(unsettled|operations_unsettled|queue_customers|breaker_state)/.test(line)) console.log(line);
  const ready = await exchange(gateway.admin, 'GET', '/readyz');
  console.log(`readyz ${ready.status}`);
} finally {
  await gateway.stop();
  if (!given.journal) rmSync(folder, { recursive: true });
}
