// What the journal costs: the gateway with its journal in memory and in SQLite, side by side. Figures for people, no test.
//
//   node test/bench/journal.mjs [FOLDER] [--seconds 10] [--callers 64] [--rounds 1]
//
// Of several rounds, memory and SQLite in turn, each is told by the one that took the least CPU: whatever else happens on a
// machine only adds to it.
//
// FOLDER is where the journal's file is made, on the disk that is to be measured; a temporary one when it is not given.
// OFFBOARD_BUILD is the build's folder, which must not be a sanitized one. `taskset -c 0` before it makes gateway,
// sandbox and callers share one core: then nothing else on the machine moves the CPU figure much.
//
// CPU is user and system time of the gateway, all its threads. Commits are what the journal counts of itself (each is
// one fsync of its log); fsyncs are counted by strace, where it is installed, in a run of their own.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { configuration, exchange, Program, program, Sandbox } from '../system/harness.mjs';
import { Caller } from './caller.mjs';

const { values: given, positionals } = parseArgs({ allowPositionals: true, options: {
  seconds: { type: 'string', default: '10' }, callers: { type: 'string', default: '64' },
  rounds: { type: 'string', default: '1' },
} });
const [seconds, rounds] = [Number(given.seconds), Number(given.rounds)];
const ticks = Number(spawnSync('getconf', ['CLK_TCK']).stdout);
const folder = mkdtempSync(join(positionals[0] ?? tmpdir(), 'offboard-bench-'));
const key_file = join(folder, 'master.key');
writeFileSync(key_file, randomBytes(32).toString('hex'), { mode: 0o600 });

const cost = 'CPU µs/operation';
const plans = {
  lapse: { mention_me: { lapse: {} } },
  lapse_revoke_forget: {
    mention_me: { lapse: {} },
    capillary: { revoke: [{ program_id: 2714, promotion_id: '202779', kind: 'direct_issue' }] },
    billing: { forget: {} },
  },
};
const journals = (plan, round) => ({ memory: undefined, sqlite: { sqlite: { path: join(folder, `${plan}-${round}.db`) }, keys: [{ id: 'bench', key_file }] } });

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** The gateway without a line of log for every request, and therefore on ports that are known before. */
async function start(config) {
  const gateway = { port: await freePort(), admin: await freePort() };
  const file = join(folder, 'offboard.yaml');
  const listening = { listen: `127.0.0.1:${gateway.port}`, admin_listen: `127.0.0.1:${gateway.admin}` };
  writeFileSync(file, JSON.stringify({ ...config, ...listening }, null, 1));
  gateway.program = new Program(program('offboard-gateway'), ['--config', file]);
  const early = gateway.program.ended.then(() => { throw new Error(gateway.program.lines.join('\n')); });
  early.catch(() => {}); // only of interest while it starts
  const ready = async () => {
    while ((await exchange(gateway.admin, 'GET', '/readyz').catch(() => ({}))).status !== 200);
  };
  await Promise.race([ready(), early]);
  return gateway;
}

function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

/** A figure of /metrics; undefined when the gateway does not tell it. */
async function figure(gateway, name) {
  const { text } = await exchange(gateway.admin, 'GET', '/metrics');
  const line = text.split('\n').find((l) => l.startsWith(`${name} `) || l.startsWith(`${name}{`));
  return line && Number(line.split(' ').pop());
}

let serial = 1_000_000_000;
/** A customer nobody else has. */
function body(plan) {
  const n = String(++serial * 10 + 7); // ends in what means nothing special to the sandbox
  return `{"plan":"${plan}","customers":[{"identifiers":{"email":"b${n}@example.com","capillary_id":"${n}","billing_customer_id":"${n}"}}]}`;
}

/** So many callers for so long; how many operations were answered, and how. */
async function load(gateway, plan, duration) {
  const statuses = {};
  const callers = Array.from({ length: Number(given.callers) }, () => new Caller(gateway.port, () => body(plan), (status) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
  }));
  const until = performance.now() + duration * 1000;
  for (const caller of callers) caller.start(until);
  await Promise.all(callers.map((caller) => caller.ended));
  for (const caller of callers) caller.close();
  return { operations: Object.values(statuses).reduce((a, b) => a + b, 0), statuses };
}

/** fsyncs of the gateway while `work` runs; undefined without strace. */
async function fsyncs(gateway, work) {
  const strace = spawn('strace', ['-f', '-c', '-e', 'trace=fsync,fdatasync', '-p', String(gateway.program.child.pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  const attached = new Promise((there) => {
    strace.stderr.on('data', (bytes) => {
      said += bytes;
      if (said.includes('attached')) there(true);
    });
    strace.on('error', () => there(false));
    strace.on('exit', () => there(false));
  });
  if (!await attached) return {};
  const { operations } = await work();
  const gone = once(strace, 'exit');
  strace.kill('SIGINT');
  await gone;
  const count = [...said.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?f(?:data)?sync$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
  return { count, operations };
}

async function measure(plan, name, journal) {
  const sandbox = await Sandbox.start();
  let gateway;
  try {
    gateway = await start(configuration(sandbox.port, { log: { level: 'warn' }, plans, default_plan: 'lapse', ...(journal && { journal }) }));
    await sandbox.set({ rate_limit: { calls: 1_000_000_000, per_ms: 1000 } });
    await load(gateway, plan, 1); // connections, tokens, caches
    const { pid } = gateway.program.child;
    const before = { cpu: cpu(pid), commits: await figure(gateway, 'offboard_journal_commits_total'), at: performance.now() };
    const { operations, statuses } = await load(gateway, plan, seconds);
    const took = (performance.now() - before.at) / 1000;
    const used = cpu(pid) - before.cpu;
    const commits = await figure(gateway, 'offboard_journal_commits_total');
    const synced = journal ? await fsyncs(gateway, () => load(gateway, plan, Math.min(3, seconds))) : {};
    const grouped = commits === undefined || commits === before.commits ? undefined : operations / (commits - before.commits);
    const others = Object.keys(statuses).filter((s) => s !== '200').map((s) => `${statuses[s]} × ${s}`).join(', ');
    return {
      plan, journal: name,
      'operations/s': Math.round(operations / took),
      [cost]: Number((used / operations * 1e6).toFixed(1)),
      commits: journal ? (commits === undefined ? '?' : commits - before.commits) : '-',
      'operations/commit': journal ? grouped?.toFixed(1) ?? '?' : '-',
      'operations/fsync (strace)': journal ? (synced.count ? (synced.operations / synced.count).toFixed(1) : '?') : '-',
      'not 200': others || '-',
    };
  } finally {
    await gateway?.program.stop();
    await sandbox.stop();
  }
}

try {
  const rows = [];
  for (const plan of Object.keys(plans)) {
    const least = {};
    for (let round = 0; round < rounds; ++round) {
      for (const [name, journal] of Object.entries(journals(plan, round))) {
        const row = await measure(plan, name, journal);
        if (!least[name] || row[cost] < least[name][cost]) least[name] = row;
      }
    }
    rows.push(least.memory, least.sqlite);
    console.log(`${plan}: the durable journal costs ${(least.sqlite[cost] - least.memory[cost]).toFixed(1)} µs of CPU an operation`);
  }
  console.table(rows);
} finally {
  rmSync(folder, { recursive: true });
}
