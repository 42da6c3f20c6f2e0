// Starts the real programs on free ports, talks to them as a caller would, and holds every exchange to openapi.yaml.
// At the end of each test the gateway must have stopped with status 0, and none of the identifiers that the test
// used may stand in its log, or in the files of its journal.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { checkRequest, checkResponse } from '../openapi/contract.mjs';

// OFFBOARD_BUILD is the build's folder; `build` when it is not set.
const program = (name) => resolve(process.env.OFFBOARD_BUILD ?? fileURLToPath(new URL('../../build', import.meta.url)), name);

/** A child process whose lines are kept; `seen(test)` waits for the first line that passes. */
class Program {
  constructor(path, args, env = {}) {
    this.lines = [];
    this.waiting = new Set();
    this.child = spawn(path, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        for (const waiter of [...this.waiting]) waiter(line);
      });
    }
  }

  seen(test) {
    const old = this.lines.find(test);
    if (old !== undefined) return Promise.resolve(old);
    return new Promise((found, reject) => {
      const waiter = (line) => {
        if (!test(line)) return;
        this.waiting.delete(waiter);
        found(line);
      };
      this.waiting.add(waiter);
      this.ended.then(() => reject(new Error(`ended first:\n${this.lines.join('\n')}`)));
    });
  }

  async stop(signal = 'SIGTERM') {
    // A test may have asked already; a second signal could meet the process at its very end.
    if (!this.child.killed) this.child.kill(signal);
    return this.ended;
  }
}

/** One exchange, unjudged. */
export function exchange(port, method, path, { body, headers = {}, agent = false } = {}) {
  return new Promise((done, reject) => {
    const payload = body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const length = payload === undefined || 'transfer-encoding' in headers ? {} : { 'content-length': Buffer.byteLength(payload) };
    const request = http.request({ port, host: '127.0.0.1', method, path, headers: { ...length, ...headers }, agent }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const isJson = /json/.test(answer.headers['content-type'] ?? '') && text !== '';
        done({ status: answer.statusCode, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined });
      });
    });
    request.on('error', reject);
    request.end(payload);
  });
}

export class Sandbox {
  static async start(port = 0) {
    const sandbox = new Sandbox();
    sandbox.program = new Program(program('offboard-sandbox'), ['--port', String(port)]);
    const line = await sandbox.program.seen((l) => l.includes('listening on'));
    sandbox.port = Number(line.split(':').pop());
    return sandbox;
  }

  async control(method, path, body) {
    const answer = await exchange(this.port, method, `/sandbox/${path}`, { body, headers: body ? { 'content-type': 'application/json' } : {} });
    assert.ok(answer.status < 300, `sandbox ${path}: ${answer.text}`);
    return answer.body;
  }

  fault(fault) { return this.control('POST', 'faults', fault); }
  clear() { return this.control('DELETE', 'faults'); }
  set(settings) { return this.control('POST', 'settings', settings); }
  state() { return this.control('GET', 'state'); }
  async calls(call = '') { return (await this.control('GET', `calls?limit=20000&call=${call}`)).calls; }
  async count(call) { return (await this.control('GET', 'counts')).calls[call] ?? { calls: 0, customers: 0, max_customers: 0 }; }
  /** Waits until so many calls of that kind have arrived. */
  async sent(call, n = 1) {
    while ((await this.count(call)).calls < n) await new Promise(setImmediate);
  }
  stop() { return this.program.stop(); }
}

export const plans = {
  everything: {
    mention_me: { lapse: {} },
    capillary: {
      revoke: [{ program_id: 2714, promotion_id: '202779', kind: 'enrol_and_issue' }],
      delink: { partner_programs: ['1stProgram', 'p3e1'] },
    },
    billing: { forget: { keep: ['country'] } },
  },
  lapse: { mention_me: { lapse: {} } },
  revoke: { capillary: { revoke: [{ program_id: 2714, promotion_id: '202779', kind: 'direct_issue' }] } },
  enrol: { capillary: { revoke: [{ program_id: 2714, promotion_id: '202779', kind: 'enrol_and_issue' }] } },
  delink: { capillary: { delink: { partner_programs: ['1stProgram', 'p3e1'] } } },
  forget: { billing: { forget: {} } },
  purge: { mention_me: { lapse: {}, purge: {} } },
};

/** The journals a test can ask for by name, each in the gateway's own folder. */
const journals = {
  memory: () => ({ memory: {} }),
  sqlite: (folder) => {
    const key_file = join(folder, 'master.key');
    writeFileSync(key_file, randomBytes(32), { mode: 0o600 });
    return { sqlite: { path: join(folder, 'journal.db') }, keys: [{ id: 'a', key_file }] };
  },
};

/** The configuration of a gateway whose vendors are the sandbox. JSON is YAML. `journal` may be a name of the above. */
export function configuration(port, changes = {}) {
  const base_url = `http://127.0.0.1:${port}`;
  // Tests of the budget set their own.
  const quick = { retry: { base: '5ms', cap: '50ms' }, budget: { calls: 1_000_000, per: '1s' } };
  const made = {
    listen: '127.0.0.1:0',
    admin_listen: '127.0.0.1:0',
    log: { level: 'debug' },
    vendors: {
      mention_me: { base_url, client_id: 'test', client_secret: 'mm-secret-7f3a', ...quick },
      capillary: { base_url, oauth: { key: 'test', secret: 'cap-secret-7f3a' }, ...quick },
      billing: { base_url, api_username: 'test', api_key: 'billing-secret-7f3a', ...quick },
    },
    plans,
    default_plan: 'everything',
    ...changes,
  };
  for (const [vendor, more] of Object.entries(changes.each ?? {})) Object.assign(made.vendors[vendor], more);
  delete made.each;
  return made;
}

export class Gateway {
  /** With `full` it may not write to any file, until prlimit lets it. */
  static async start(config, { env, full } = {}) {
    const gateway = new Gateway();
    gateway.folder = mkdtempSync(join(tmpdir(), 'offboard-'));
    gateway.used = new Set();
    gateway.retried = new Set();
    gateway.config = typeof config.journal === 'string' ? { ...config, journal: journals[config.journal](gateway.folder) } : config;
    const file = join(gateway.folder, 'offboard.yaml');
    writeFileSync(file, JSON.stringify(gateway.config, null, 1));
    const args = ['--config', file];
    gateway.program = full
      ? new Program('/bin/sh', ['-c', 'ulimit -S -f 0 && exec "$0" "$@"', program('offboard-gateway'), ...args], env)
      : new Program(program('offboard-gateway'), args, env);
    const port = async (name) => JSON.parse(await gateway.program.seen((l) => l.includes('"listening"') && l.includes(`"${name}"`))).port;
    gateway.port = await port('main');
    gateway.admin = await port('admin');
    return gateway;
  }

  /** Remembers every identifier of a body, so that the log can be searched for it. */
  note(body) {
    const looked_up = body?.identifier ? [{ identifiers: { one: body.identifier.value } }] : [];
    for (const customer of [...(body?.customers ?? []), ...looked_up]) {
      for (const value of Object.values(customer?.identifiers ?? {})) {
        if (String(value).length >= 5) this.used.add(String(value));
      }
    }
  }

  /** POST /offboard, held to the contract; `expected` is the status. */
  async offboard(body, expected, headers = {}) {
    this.note(body);
    const valid = checkRequest('/offboard', 'POST', body);
    if (expected < 400) assert.deepEqual(valid, [], 'the request is not what the contract allows');
    const answer = await exchange(this.port, 'POST', '/offboard', { body, headers: { 'content-type': 'application/json', ...headers } });
    assert.equal(answer.status, expected, answer.text);
    const plan = body.steps ? undefined : this.config.plans[body.plan ?? this.config.default_plan];
    this.judge('POST', '/offboard', answer, { request: body, plan });
    return answer;
  }

  async get(path, expected, headers = {}) {
    const answer = await exchange(this.port, 'GET', path, { headers });
    assert.equal(answer.status, expected, answer.text);
    this.judge('GET', path, answer);
    return answer;
  }

  /** POST /offboard/{id}/retry or /cancel, held to the contract. */
  async command(verb, id, expected, headers = {}) {
    if (verb === 'retry') this.retried.add(id);
    const path = `/offboard/${id}/${verb}`;
    const answer = await exchange(this.port, 'POST', path, { headers });
    assert.ok([expected].flat().includes(answer.status), `${verb}: ${answer.status} ${answer.text}`);
    this.judge('POST', path, answer);
    return answer;
  }

  /** POST /offboard/lookup, held to the contract. */
  async lookup(body, expected, headers = {}) {
    this.note(body);
    if (expected < 400) assert.deepEqual(checkRequest('/offboard/lookup', 'POST', body), [], 'the request is not what the contract allows');
    const answer = await exchange(this.port, 'POST', '/offboard/lookup', { body, headers: { 'content-type': 'application/json', ...headers } });
    assert.equal(answer.status, expected, answer.text);
    this.judge('POST', '/offboard/lookup', answer);
    return answer;
  }

  /** The operation once it has settled, by long polls. */
  async settled(id) {
    for (;;) {
      const answer = await exchange(this.port, 'GET', `/offboard/${id}`, { headers: { prefer: 'wait=5' } });
      this.judge('GET', `/offboard/${id}`, answer);
      if (answer.status !== 202) return answer.body;
    }
  }

  judge(method, path, answer, context = {}) {
    if (answer.status >= 400) this.hides(answer.text, 'a problem');
    const retried = this.retried.has(answer.body?.id);
    const faults = checkResponse(path, method, answer.status, answer.headers, answer.body ?? answer.text, { retried, ...context });
    assert.deepEqual(faults, [], `${method} ${path} -> ${answer.status}: ${answer.text.slice(0, 2000)}`);
  }

  /** None of the identifiers that were sent may stand in it. */
  hides(text, what) {
    for (const value of this.used) assert.ok(!text.includes(value), `an identifier stands in ${what}`);
  }

  async stop() {
    // A process that was asked to stop before may have no listener any more.
    const { text } = await exchange(this.admin, 'GET', '/metrics').catch(() => ({ text: '' }));
    const { code, signal } = await this.program.stop();
    // Names and labels: a number that is measured may be anybody's by chance.
    this.hides(text.replace(/ [^ ]+$/gm, ''), '/metrics');
    const kept = readdirSync(this.folder).filter((name) => name.startsWith('journal')).map((name) => readFileSync(join(this.folder, name)));
    rmSync(this.folder, { recursive: true });
    const log = this.program.lines.join('\n');
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, log.slice(-4000));
    this.hides(log, 'the log');
    for (const value of this.used) {
      assert.ok(!kept.some((file) => file.includes(value)), 'an identifier stands in the journal');
    }
    assert.ok(!/secret-7f3a/.test(log), 'a secret stands in the log');
    for (const line of this.program.lines) JSON.parse(line);
  }
}

/** Runs `body` with a fresh sandbox and gateway, and stops both whatever happens. `env` is made from the sandbox's port. */
export async function together(body, changes = {}, env = () => ({})) {
  const sandbox = await Sandbox.start();
  let gateway;
  try {
    gateway = await Gateway.start(configuration(sandbox.port, changes), { env: env(sandbox.port) });
    await body(gateway, sandbox);
  } catch (error) {
    if (gateway) error.message += `\nlog:\n${gateway.program.lines.slice(-20).join('\n')}`;
    gateway?.program.child.kill('SIGKILL');
    gateway = undefined;
    throw error;
  } finally {
    // A program that is left behind would keep the test from ending, and its failure from being told.
    await (gateway?.stop() ?? Promise.resolve()).finally(() => sandbox.stop());
  }
}

/** A test as of together(), once with each of the journals. */
export function withEachJournal(name, body, changes) {
  for (const journal of Object.keys(journals)) test(`${journal}: ${name}`, () => together(body, { journal, ...changes }));
}

export const person = (n = 0) => {
  const digits = String(423_900_000 + n);
  return {
    email: `jo.${digits}@example.com`,
    mobile: `91${digits}`,
    capillary_id: digits,
    billing_customer_id: digits,
  };
};

export const steps = (customer) => Object.fromEntries(customer.steps.map((s) => [s.target?.partner_program ? `${s.step} ${s.target.partner_program}` : s.step, s]));
export { Program, program };
