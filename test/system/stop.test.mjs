// The gateway is asked to stop again and again while callers post, as an orchestrator does it: SIGTERM, no new requests
// once it says that it drains, SIGKILL when the grace period is over. Every request is answered, and nothing is lost.
//
//   OFFBOARD_STOP_ROUNDS=50 node --test system/stop.test.mjs     rounds, 3 when it is not set
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { eachOf } from './crash/crowd.mjs';
import { mischief, People, plans, seeded } from './crash/people.mjs';
import { configuration, exchange, Gateway, Sandbox } from './harness.mjs';

const rounds = Number(process.env.OFFBOARD_STOP_ROUNDS ?? 3);
const seed = Number(process.env.OFFBOARD_STOP_SEED ?? randomInt(2 ** 31));
const grace_ms = 25_000;

function settings(port, folder) {
  const key_file = join(folder, 'master.key');
  writeFileSync(key_file, randomBytes(32).toString('hex'), { mode: 0o600 });
  const quick = { timeout: '500ms', retry: { base: '20ms', cap: '200ms' }, breaker: { failures: 4, open: '200ms' } };
  return configuration(port, {
    plans,
    default_plan: 'lapse',
    deadline: { default: '5s', max: '20s' },
    drain: { delay: '300ms', timeout: '1s' },
    journal: { sqlite: { path: join(folder, 'journal.db') }, keys: [{ id: 'stop', key_file }] },
    each: { mention_me: { ...quick, budget: { calls: 40, per: '1s' } }, capillary: quick, billing: quick },
  });
}

/** One POST, which must be answered; what became of it is kept with the order. */
async function post(gateway, order, prefer, agent) {
  const headers = { 'content-type': 'application/json', 'idempotency-key': `"${order.key}"`, ...(prefer && { prefer }) };
  const answer = await exchange(gateway.port, 'POST', '/offboard', { body: order.text, headers, agent });
  assert.ok([200, 202, 207].includes(answer.status), `${answer.status} ${answer.text}`);
  gateway.judge('POST', '/offboard', answer, { request: order.request, plan: plans[order.request.plan] });
  order.id ??= answer.body.id;
  assert.equal(answer.body.id, order.id, 'one key, two operations');
  if (order.settled) assert.deepEqual(answer.body, order.settled, 'was settled and changed');
  if (answer.body.settled_at) order.settled = answer.body;
  return answer;
}

/** Callers from the start of a gateway until it says that it drains; resolves when each has all its answers. */
function crowd(random, people, gateway, orders) {
  const agent = new http.Agent({ keepAlive: true });
  const state = { draining: false, answered: 0 };
  gateway.program.seen((line) => line.includes('"draining"')).then(() => {
    state.draining = true;
  }, () => {});
  const caller = async (kept) => {
    while (!state.draining) {
      const order = people.order();
      orders.push(order);
      await post(gateway, order, random.pick([undefined, undefined, 'wait=1', 'respond-async']), kept ? agent : false);
      ++state.answered;
    }
  };
  state.done = Promise.all(Array.from({ length: 16 }, (_, n) => caller(n % 2 === 0))).finally(() => agent.destroy());
  return state;
}

test(`asked to stop, it answers everybody and loses nothing: ${rounds} rounds, seed ${seed}`, async (t) => {
  t.diagnostic(`OFFBOARD_STOP_SEED=${seed} OFFBOARD_STOP_ROUNDS=${rounds}`);
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), 'offboard-stop-'));
  const people = new People(random);
  const orders = [];
  const sandbox = await Sandbox.start();
  const config = settings(sandbox.port, folder);
  let gateway;
  try {
    await sandbox.set({ rate_limit: { calls: 1_000_000, per_ms: 1000 } });
    for (let n = 0; n < rounds; ++n) {
      await sandbox.clear();
      await sandbox.set({ latency_ms: random.pick([0, 5, 20, 60]) });
      await sandbox.fault(mischief(random));
      gateway = await Gateway.start(config);
      const callers = crowd(random, people, gateway, orders);
      const enough = 20 + random.int(200);
      await Promise.race([callers.done, (async () => {
        while (callers.answered < enough) await new Promise(setImmediate);
      })()]);
      gateway.program.child.kill('SIGTERM');
      const late = setTimeout(() => gateway.program.child.kill('SIGKILL'), grace_ms);
      await callers.done;
      await gateway.stop(); // status 0, and every line of the log is JSON
      clearTimeout(late);
      assert.doesNotMatch(gateway.program.lines.join('\n'), people.trace, 'an identifier stands in the log');
      const last = gateway.program.lines.findLastIndex((line) => line.includes('"stopped"'));
      assert.equal(last, gateway.program.lines.length - 1, 'something was said after the end');
    }

    await sandbox.clear();
    await sandbox.set({ latency_ms: 0 });
    gateway = await Gateway.start(config);
    const unsettled = orders.filter((order) => !order.settled).length;
    await eachOf(orders, 16, async (order) => {
      const body = await gateway.settled(order.id);
      if (order.settled) assert.deepEqual(body, order.settled, 'was settled and changed');
      order.settled = body;
    });
    const { total } = await sandbox.control('GET', 'calls?limit=0');
    await eachOf(orders, 16, async (order) => {
      const answer = await post(gateway, order);
      assert.equal(answer.headers['idempotent-replayed'], 'true', `${order.id} was done anew`);
    });
    assert.equal((await sandbox.control('GET', 'calls?limit=0')).total, total, 'a repeated request was sent to a vendor');
    await gateway.stop();
    assert.ok(orders.length >= rounds * 20);
    t.diagnostic(JSON.stringify({ operations: orders.length, unsettled_at_the_last_end: unsettled }));
    rmSync(folder, { recursive: true });
  } catch (error) {
    error.message += `\nseed ${seed}; the journal is kept in ${folder}\nlog:\n${gateway?.program.lines.slice(-20).join('\n')}`;
    gateway?.program.child.kill('SIGKILL');
    throw error;
  } finally {
    await sandbox.stop();
  }
});
