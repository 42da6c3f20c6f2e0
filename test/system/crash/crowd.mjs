// Callers who post and read all the time, and remember all that they were told. Whatever contradicts what was told
// before is an error on the spot.
import assert from 'node:assert/strict';
import http from 'node:http';

import { exchange } from '../harness.mjs';
import { plans } from './people.mjs';

const taken = new Set([200, 202, 207]);

/** What must never change once a step has been shown as settled. */
const told = ({ status, code, retryable, blocked_by, vendor, attempts, identifier, target }) => JSON.stringify([status, code, retryable, blocked_by, vendor, attempts, identifier, target]);

export class Crowd {
  constructor(random, people) {
    this.random = random;
    this.people = people;
    this.orders = [];
    this.again = []; // had no answer, or were refused: to be posted once more
    this.count = { answers: 0, reads: 0 };
    this.replays = 0;
    this.waiting = new Set();
    this.moment = 0; // orders what is asked and what has come
  }

  /** When so many more answers (or reads) have come, or the round is over. */
  more(kind, n) {
    const goal = this.count[kind] + n;
    return new Promise((reached) => this.waiting.add({ kind, goal, reached }));
  }

  tick(kind) {
    ++this.count[kind];
    for (const waiter of this.waiting) {
      if (waiter.kind !== kind || this.count[kind] < waiter.goal) continue;
      this.waiting.delete(waiter);
      waiter.reached();
    }
  }

  /** Posts and reads until `end()`; settles when the last caller has stopped. `gateway` may die at any moment then. */
  begin(gateway, posters, readers) {
    this.gateway = gateway;
    this.over = false;
    this.agent = new http.Agent({ keepAlive: true });
    const forever = async (turn) => {
      while (!this.over) await turn();
    };
    this.callers = [...Array.from({ length: posters }, () => forever(() => this.postOne())), ...Array.from({ length: readers }, () => forever(() => this.readOne()))];
    // Awaited by all(); a fault before that must not be taken for one that nobody handles.
    for (const caller of this.callers) caller.catch(() => this.end());
  }

  /** From now on a connection may break off. */
  end() {
    this.over = true;
    for (const { reached } of this.waiting) reached();
    this.waiting.clear();
  }

  async all() {
    await Promise.all(this.callers);
    this.agent.destroy();
  }

  async postOne() {
    const { random } = this;
    if (this.again.length > 0 && random.chance(0.5)) return this.post(this.again.shift());
    const order = this.people.order();
    this.orders.push(order);
    // Sometimes the same request arrives twice at the same instant.
    await Promise.all(random.chance(0.1) ? [this.post(order), this.post(order)] : [this.post(order)]);
  }

  /** One POST. No answer: somebody posts it again some day. */
  async post(order, prefer = this.random.pick(['respond-async', 'respond-async', 'wait=1', undefined])) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': `"${order.key}"`, ...(prefer && { prefer }) };
    const answer = await this.ask('POST', '/offboard', { body: order.text, headers });
    if (!answer) {
      order.doubtful = true;
      order.abandoned = false;
      if (!this.again.includes(order)) this.again.push(order);
      return undefined;
    }
    if (answer.status === 503) {
      assert.ok(this.over, `refused although nobody asked it to stop: ${answer.text}`);
      ++order.refused;
      // A 5xx means that no vendor was called. The judge looks whether that holds for those that are left at it.
      if (!order.id && !order.doubtful && order.refused === 1 && this.random.chance(0.5)) order.abandoned = true;
      if (!order.abandoned && !this.again.includes(order)) this.again.push(order);
      return undefined;
    }
    assert.ok(taken.has(answer.status), `${answer.status} ${answer.text}`);
    order.abandoned = false; // its twin was taken
    if (answer.headers['idempotent-replayed'] === 'true') ++this.replays;
    this.look(order, answer, 'POST', '/offboard');
    this.tick('answers');
    return answer;
  }

  async readOne() {
    const known = this.orders.slice(-300).filter((order) => order.id);
    if (known.length === 0) return this.more('answers', 1);
    await this.read(this.random.pick(known), this.random.pick(['wait=0', 'wait=1', undefined]));
    this.tick('reads');
    return undefined;
  }

  async read(order, prefer) {
    const path = `/offboard/${order.id}`;
    const answer = await this.ask('GET', path, { headers: prefer ? { prefer } : {} });
    if (!answer) return undefined;
    if (answer.status === 503) return void assert.ok(this.over, `refused although nobody asked it to stop: ${answer.text}`);
    assert.ok(taken.has(answer.status), `GET of an operation that was told: ${answer.status} ${answer.text}`);
    this.look(order, answer, 'GET', path);
    return answer;
  }

  /** An exchange, or undefined when the connection broke off as it may. */
  async ask(method, path, what) {
    const asked = ++this.moment;
    try {
      return { ...(await exchange(this.gateway.port, method, path, { ...what, agent: this.agent })), asked };
    } catch (error) {
      if (this.over) return undefined;
      throw new Error(`${method} broke off while the gateway was to live: ${error.message}`);
    }
  }

  /**
   * Compares an answer with all that was told about this operation before. Answers of two connections may come in
   * another order than they were made, so one that was asked for before the other had come may say `pending` still;
   * whatever it says is settled must be the same nevertheless.
   */
  look(order, answer, method, path) {
    const { body } = answer;
    order.id ??= body.id;
    assert.equal(body.id, order.id, 'one key, two operations');
    assert.equal(body.customers.length, order.request.customers.length);
    const moment = ++this.moment;
    const mayLag = (known) => known !== undefined && answer.asked < known;
    if (order.settled_at && (body.settled_at || !mayLag(order.settled_moment))) {
      assert.equal(body.settled_at, order.settled_at, `${order.id} was settled, and is no longer or at another time`);
    } else if (body.settled_at) {
      order.settled_at = body.settled_at;
      order.settled_moment = moment;
    }
    body.customers.forEach((customer, c) => customer.steps.forEach((step, s) => {
      const place = c * customer.steps.length + s;
      const before = order.seen[place];
      const now = told(step);
      if (before !== undefined) {
        if (step.status === 'pending' && mayLag(order.seen_moment?.[place])) return;
        assert.equal(now, before, `${order.id} customer ${c} ${step.step}: was settled and changed`);
      } else if (step.status !== 'pending') {
        order.seen[place] = now;
        (order.seen_moment ??= {})[place] = moment;
      }
    }));
    // The whole contract for a part of them: the rest of the machine wants to work as well.
    if (this.strict || this.random.chance(0.1)) this.gateway.judge(method, path, answer, { request: order.request, plan: plans[order.request.plan] });
    order.last = body;
  }
}

/** Does `work` for each of the list, so many at a time. */
export async function eachOf(list, atOnce, work) {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < list.length) await work(list[next++]);
  }));
}
