// The gateway is killed again and again while callers post and read; the sandbox lives through it all and is the judge.
//
//   OFFBOARD_CRASH_ROUNDS=200 node --test system/crash.test.mjs     rounds, 3 when it is not set
//   OFFBOARD_CRASH_SEED=12345                                       the seed of a run that is to be drawn again
//
// What is drawn is the same for the same seed; how the processes interleave is not. When it fails the journal is kept.
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { Crowd, eachOf } from './crash/crowd.mjs';
import { judge, Record } from './crash/judge.mjs';
import { mischief, People, plans, seeded } from './crash/people.mjs';
import { configuration, exchange, Gateway, Sandbox } from './harness.mjs';

const rounds = Number(process.env.OFFBOARD_CRASH_ROUNDS ?? 3);
const seed = Number(process.env.OFFBOARD_CRASH_SEED ?? randomInt(2 ** 31));
/** Calls to Mention Me in any second, the restarts included. */
const budget = { calls: 40, per: '1s' };

function settings(port, folder) {
  const key_file = join(folder, 'master.key');
  writeFileSync(key_file, randomBytes(32).toString('hex'), { mode: 0o600 });
  const quick = { timeout: '500ms', retry: { base: '20ms', cap: '200ms' }, breaker: { failures: 4, open: '200ms' } };
  return configuration(port, {
    plans,
    default_plan: 'lapse',
    deadline: { default: '1s', max: '5s' },
    drain: { timeout: '500ms' },
    journal: { sqlite: { path: join(folder, 'journal.db') }, keys: [{ id: 'crash', key_file }] },
    each: { mention_me: { ...quick, budget }, capillary: quick, billing: quick },
  });
}

async function start(config) {
  const gateway = await Gateway.start(config);
  while ((await exchange(gateway.admin, 'GET', '/readyz')).status !== 200);
  return gateway;
}

/** Ends the gateway, by SIGKILL or as asked, and looks at what it logged. */
async function end(gateway, signal, people) {
  const { code, signal: by } = await gateway.program.stop(signal);
  rmSync(gateway.folder, { recursive: true });
  const { lines } = gateway.program;
  const log = lines.join('\n');
  if (signal === 'SIGKILL') assert.equal(by, 'SIGKILL', `ended by itself:\n${log.slice(-4000)}`);
  else assert.deepEqual([code, by], [0, null], log.slice(-4000));
  assert.doesNotMatch(log, people.trace, 'an identifier stands in the log');
  assert.ok(!log.includes('secret-7f3a'), 'a secret stands in the log');
  // The kill may have torn the last line.
  for (const line of signal === 'SIGKILL' ? lines.slice(0, -1) : lines) JSON.parse(line);
}

/** A moment that no clock chooses: so many answers, reads or vendor calls from now, and a few turns of the loop. */
async function someMoment(random, crowd, sandbox) {
  const kind = random.pick(['answers', 'reads', 'calls']);
  if (kind === 'answers') await crowd.more('answers', 10 + random.int(150));
  if (kind === 'reads') await crowd.more('reads', 20 + random.int(300));
  if (kind === 'calls') {
    const received = async () => (await sandbox.control('GET', 'calls?limit=0')).total;
    const goal = await received() + 20 + random.int(200);
    while (!crowd.over && await received() < goal);
  }
  for (let turns = random.int(30); turns > 0; --turns) await new Promise(setImmediate);
}

/** One life of the gateway, and its end in the middle of things. */
async function round(random, crowd, sandbox, config) {
  await sandbox.clear();
  await sandbox.set({ latency_ms: random.pick([0, 0, 5, 20, 60]) });
  await sandbox.fault(mischief(random));
  const gateway = await start(config);
  crowd.begin(gateway, 8, 3);
  const signal = random.chance(0.15) ? 'SIGTERM' : 'SIGKILL';
  await someMoment(random, crowd, sandbox);
  crowd.end();
  await end(gateway, signal, crowd.people);
  await crowd.all();
}

/** Posts what had no answer, and waits for everything to settle. */
async function settle(crowd) {
  for (const order of crowd.again.splice(0)) await crowd.post(order);
  const orders = crowd.orders.filter((order) => !order.abandoned);
  await eachOf(orders, 16, async (order) => {
    assert.ok(order.id, 'never answered');
    while ((await crowd.read(order, 'wait=5')).status === 202);
  });
  return orders;
}

/** The keys again: the operations as they are, and nothing new. */
async function repeat(crowd, orders) {
  await eachOf(orders, 16, async (order) => {
    const answer = await crowd.post(order);
    assert.equal(answer.headers['idempotent-replayed'], 'true', `${order.id} was done anew`);
    assert.notEqual(answer.status, 202);
  });
}

/** Requests that had no answer or were refused at first are one operation each, found by a person in it. */
async function lookUp(gateway, orders) {
  await eachOf(orders.filter((order) => order.doubtful || order.refused > 0), 16, async (order) => {
    const [{ identifiers }] = order.request.customers;
    const body = { identifier: { type: 'email', value: identifiers.email } };
    const answer = await exchange(gateway.port, 'POST', '/offboard/lookup', { body, headers: { 'content-type': 'application/json' } });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.operations.map((o) => o.id), [order.id]);
  });
}

test(`nothing that was answered is lost, whenever the process dies: ${rounds} rounds, seed ${seed}`, async (t) => {
  t.diagnostic(`OFFBOARD_CRASH_SEED=${seed} OFFBOARD_CRASH_ROUNDS=${rounds}`);
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), 'offboard-crash-'));
  const people = new People(random);
  const crowd = new Crowd(random, people);
  const sandbox = await Sandbox.start();
  const record = new Record(sandbox);
  try {
    // Tokens run out within the rounds; the vendor's own limit is none, the gateway's budget is.
    await sandbox.set({ capillary_token_s: 2, mention_me_token_s: 3, rate_limit: { calls: 1_000_000, per_ms: 1000 } });
    const config = settings(sandbox.port, folder);
    for (let n = 0; n < rounds; ++n) {
      await round(random, crowd, sandbox, config);
      await record.collect();
    }

    await sandbox.clear();
    await sandbox.set({ latency_ms: 0 });
    crowd.begin(await start(config), 0, 0);
    const orders = await settle(crowd);
    // Settled is durable: also when the process dies with the last answer.
    await end(crowd.gateway, 'SIGKILL', people);
    await crowd.all();
    await record.collect();
    const before = record.last;

    crowd.begin(await start(config), 0, 0);
    crowd.strict = true;
    await eachOf(orders, 16, async (order) => assert.notEqual((await crowd.read(order)).status, 202, `${order.id} was settled`));
    await repeat(crowd, orders);
    await lookUp(crowd.gateway, orders);
    assert.equal(await record.collect(), before, 'a repeated request was sent to a vendor');
    await crowd.all();
    await end(crowd.gateway, 'SIGTERM', people);

    const figures = judge(crowd.orders, record, await sandbox.state());
    const { calls } = await sandbox.control('GET', 'counts?window_ms=1000');
    assert.ok(calls.mention_me_customers.max_in_window <= budget.calls, `${calls.mention_me_customers.max_in_window} calls in a second`);
    t.diagnostic(JSON.stringify({ ...figures, vendor_calls: before, doubtful: crowd.orders.filter((o) => o.doubtful).length }));
    assert.ok(figures.operations > 0);
    rmSync(folder, { recursive: true });
  } catch (error) {
    error.message += `\nseed ${seed}; the journal is kept in ${folder}`;
    error.message += `\nlog:\n${crowd.gateway?.program.lines.slice(-20).join('\n')}`;
    crowd.gateway?.program.child.kill('SIGKILL');
    throw error;
  } finally {
    await sandbox.stop();
  }
});
