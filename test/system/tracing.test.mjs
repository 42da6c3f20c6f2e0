// Traces: what comes in, what goes out, what a collector receives, and that it never gets in anybody's way.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { Collector } from './collector.mjs';
import { configuration, exchange, Gateway, person, Sandbox, together } from './harness.mjs';

const one = (plan, n = 0) => ({ plan, customers: [{ identifiers: person(n) }] });

/** A caller's place in a trace of its own. */
function caller(flags = '01') {
  const [trace, span] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { trace, span, headers: { traceparent: `00-${trace}-${span}-${flags}` } };
}

const ours = (answer) => {
  const [, trace, span, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(answer.headers.traceparent);
  return { trace, span, flags };
};

const tracing = (url, more = {}) => ({ otlp: { url, ...more.otlp }, sample: more.sample ?? 1 });
const batch = 512; // spans that are sent without waiting for more
const room = 2048;
const lines = (gateway, message) => gateway.program.lines.map((l) => JSON.parse(l)).filter((l) => l.message === message);

/** So many requests on one connection, sent without waiting for an answer; returns when each has got its 404. */
function refused(port, n) {
  return new Promise((done, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('GET /nowhere HTTP/1.1\r\nHost: offboard\r\n\r\n'.repeat(n)));
    let [answered, rest] = [0, ''];
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      const parts = (rest + chunk.toString('latin1')).split('HTTP/1.1 404 Not Found\r\n');
      answered += parts.length - 1;
      rest = parts.at(-1).slice(-40);
      if (answered >= n) done(socket.destroy());
    });
    socket.on('close', () => reject(new Error(`${answered} answers of ${n}`)));
  });
}

/** The gateway beside a collector; both are judged when the gateway has ended, which is when the last spans come. */
async function traced(body, { answer, sample, changes = {} } = {}) {
  const collector = await Collector.start(answer);
  try {
    await together(async (gateway, sandbox) => {
      await body(gateway, sandbox, collector, async () => {
        gateway.program.child.kill('SIGTERM');
        await gateway.program.ended;
        return collector.spans;
      });
      gateway.program.child.kill('SIGTERM');
      await gateway.program.ended;
      for (const value of gateway.used) assert.ok(!collector.bodies.some((b) => b.includes(value)), 'an identifier stands in a trace');
    }, { ...changes, tracing: tracing(collector.url, { sample }) });
    assert.deepEqual(collector.faults, []);
  } finally {
    await collector.stop();
  }
}

test('a request and its vendor calls are spans of the caller\'s trace, and its log lines name it', () => traced(async (gateway, sandbox, collector, end) => {
  const from = caller();
  const answer = await gateway.offboard({ customers: [{ identifiers: person(1) }] }, 200, from.headers);
  const { trace, span, flags } = ours(answer);
  assert.deepEqual([trace, flags], [from.trace, '01']);
  assert.notEqual(span, from.span);
  for (const call of await sandbox.calls()) {
    const names = Object.keys(call.headers).map((name) => name.toLowerCase());
    assert.ok(names.includes('host'));
    for (const header of ['traceparent', 'tracestate', 'baggage']) assert.ok(!names.includes(header), 'a vendor was told of the trace');
  }
  await end();

  const [server] = collector.server_spans();
  assert.deepEqual([server.traceId, server.parentSpanId, server.spanId], [from.trace, from.span, span]);
  assert.equal(server.flags & 0x300, 0x300, 'the parent is another process\' span');
  assert.equal(server.name, 'POST /offboard');
  assert.equal(server.facts['http.response.status_code'], 200);
  assert.equal(server.facts['offboard.operation'], answer.body.id);
  assert.equal(server.facts['offboard.request_id'], answer.headers['x-request-id']);

  const calls = collector.client_spans();
  assert.deepEqual(new Set(calls.map((c) => c.facts['offboard.step'])),
    new Set(['mention_me.lapse', 'capillary.revoke_earn', 'capillary.revoke_enrol', 'capillary.delink', 'billing.forget']));
  for (const call of calls) {
    assert.deepEqual([call.traceId, call.parentSpanId, call.links], [from.trace, span, undefined]);
    assert.equal(call.flags & 0x300, 0x100, 'the parent is a span of the same process');
    assert.deepEqual([call.facts['offboard.operations'], call.facts['offboard.customers']], [1, 1]);
    assert.ok(BigInt(call.startTimeUnixNano) >= BigInt(server.startTimeUnixNano));
  }
  assert.equal(collector.resource['service.name'], 'offboard');

  for (const message of ['request', 'operation settled']) {
    const [line] = lines(gateway, message);
    assert.deepEqual([line.trace_id, line.request_id, line.operation], [from.trace, answer.headers['x-request-id'], answer.body.id], message);
  }
}));

test('a request for a token is a span below the call that wanted it', () => traced(async (gateway, sandbox, collector, end) => {
  const from = caller();
  await sandbox.fault({ call: 'mention_me_token', status: 500 });
  await gateway.offboard(one('lapse', 14), 200, from.headers);
  await gateway.offboard(one('lapse', 15), 200, caller().headers); // the token is there
  await gateway.offboard(one('revoke', 16), 200, caller('00').headers); // not sampled
  await end();
  const tokens = collector.token_spans();
  // A call that comes too soon after the failure fails without asking.
  const [failed, called] = collector.client_spans().filter((c) => tokens.some((t) => t.parentSpanId === c.spanId));
  assert.deepEqual(tokens.map((t) => [t.name, t.traceId, t.parentSpanId, t.facts['http.response.status_code'], t.facts['error.type'], t.links]), [
    ['POST /api/oauth/token', from.trace, failed.spanId, 500, '500', undefined],
    ['POST /api/oauth/token', from.trace, called.spanId, 200, undefined, undefined],
  ]);
  assert.deepEqual([failed.facts['error.type'], called.facts['error.type']], ['token_unavailable', undefined]);
  for (const [i, call] of [failed, called].entries()) {
    assert.ok(BigInt(tokens[i].startTimeUnixNano) >= BigInt(call.startTimeUnixNano) && BigInt(tokens[i].endTimeUnixNano) <= BigInt(call.endTimeUnixNano));
  }
  assert.ok(!collector.bodies.some((b) => b.includes('secret-7f3a')));
}));

test('a call that serves several requests is a trace of its own, linked to each', () => traced(async (gateway, sandbox, collector, end) => {
  await sandbox.fault({ call: 'lapse', latency_ms: 3000 }); // once
  const post = (n, from) => gateway.offboard(one('lapse', n), 202, { prefer: 'respond-async', ...from.headers });
  const callers = [caller(), caller(), caller(), caller('00')];
  const first = await post(1, callers[0]);
  await sandbox.sent('lapse'); // while it is on its way the others gather
  const rest = [await post(2, callers[1]), await post(3, callers[2]), await post(4, callers[3])];
  assert.equal((await sandbox.count('lapse')).calls, 1, 'too slow to be packed');
  for (const { body } of [first, ...rest]) await gateway.settled(body.id);
  await end();

  const served = (trace) => collector.server_spans().find((s) => s.traceId === trace && s.name === 'POST /offboard');
  const [alone, packed] = collector.client_spans();
  assert.deepEqual([alone.traceId, alone.parentSpanId], [callers[0].trace, served(callers[0].trace).spanId]);
  assert.deepEqual([packed.facts['offboard.operations'], packed.facts['offboard.customers']], [3, 3]);
  assert.equal(packed.parentSpanId, undefined);
  assert.ok(callers.every(({ trace }) => trace !== packed.traceId));
  // What the third caller did not sample is exported nowhere, so nothing points at it.
  const pairs = (links) => links.map((l) => `${l.traceId}-${l.spanId}`).sort();
  assert.deepEqual(pairs(packed.links), pairs([served(callers[1].trace), served(callers[2].trace)]));
  assert.equal(packed.droppedLinksCount, undefined);
}));

test('what fails is told by its kind, and a line about one operation names it', () => traced(async (gateway, sandbox, collector, end) => {
  const from = caller();
  // The second call dies with its kept connection, and so does the one on a new connection that takes its place.
  await sandbox.fault([{ call: 'lapse', status: 503 }, { call: 'lapse', kind: 'cut' }, { call: 'lapse', kind: 'cut' }]);
  const { body, headers } = await gateway.offboard(one('lapse', 5), 200, from.headers);
  await exchange(gateway.port, 'GET', '/offboard/jo.tracing@example.com?mobile=919800000777', { headers: from.headers });
  await exchange(gateway.port, 'GET', '/jo.tracing@example.com', { headers: from.headers });
  gateway.used.add('jo.tracing').add('919800000777');
  await end();
  const calls = collector.client_spans();
  assert.deepEqual(calls.map((c) => c.facts['error.type']), ['503', 'connection_stale', 'answer_lost', undefined]);
  assert.deepEqual(calls.map((c) => c.facts['http.response.status_code']), [503, undefined, undefined, calls[3].facts['http.response.status_code']]);
  assert.deepEqual(calls.map((c) => c.facts['http.request.resend_count']), [undefined, undefined, 1, undefined]);
  assert.ok(calls.every((c) => c.traceId === from.trace));
  const [failed] = lines(gateway, 'vendor call failed');
  assert.deepEqual([failed.operation, failed.trace_id, failed.request_id], [body.id, from.trace, headers['x-request-id']]);
  assert.deepEqual(collector.server_spans().map((s) => s.name), ['POST /offboard', 'GET /offboard/{id}', 'GET']);
}));

test('what a retry does belongs to the request that asked for it', () => traced(async (gateway, sandbox, collector, end) => {
  const [first, second] = [caller(), caller()];
  await sandbox.fault({ call: 'lapse', status: 404 });
  const { body } = await gateway.offboard(one('lapse', 11), 207, first.headers);
  const again = await gateway.command('retry', body.id, 200, second.headers);
  const nothing = await gateway.command('retry', body.id, 409, second.headers);
  await end();
  const [failed, repeated] = collector.client_spans();
  assert.deepEqual([failed.traceId, failed.facts['http.response.status_code'], failed.facts['error.type']], [first.trace, 404, '404']);
  assert.deepEqual([repeated.traceId, repeated.parentSpanId], [second.trace, ours(again).span]);
  const [line] = lines(gateway, 'operation retried');
  assert.deepEqual([line.operation, line.trace_id, line.request_id], [body.id, second.trace, again.headers['x-request-id']]);
  assert.deepEqual(lines(gateway, 'operation settled').map((l) => l.trace_id), [first.trace, second.trace]);
  assert.equal(lines(gateway, 'request').find((l) => l.request_id === nothing.headers['x-request-id']).operation, body.id);
}));

test('what an earlier process took is called for in a trace of its own, linked to nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'offboard-tracing-'));
  const key_file = join(folder, 'master.key');
  writeFileSync(key_file, randomBytes(32), { mode: 0o600 });
  const [collector, sandbox] = [await Collector.start(), await Sandbox.start()];
  const settings = configuration(sandbox.port, {
    journal: { sqlite: { path: join(folder, 'journal.db') }, keys: [{ id: 'a', key_file }] }, tracing: tracing(collector.url),
  });
  const started = [];
  const begin = async () => {
    started.push(await Gateway.start(settings));
    return started.at(-1);
  };
  try {
    await sandbox.fault({ call: 'lapse', status: 503, times: 0 });
    const first = await begin();
    const { body } = await first.offboard(one('lapse', 12), 202, { prefer: 'respond-async' });
    await sandbox.sent('lapse');
    await first.stop();
    const before = collector.client_spans().length;
    assert.ok(before > 0);
    await sandbox.clear();
    const second = await begin();
    await second.settled(body.id);
    await second.stop();
    const [call] = collector.client_spans().slice(before);
    assert.deepEqual([call.parentSpanId, call.links, call.facts['offboard.operations']], [undefined, undefined, 1]);
    assert.ok(collector.server_spans().every((s) => s.traceId !== call.traceId));
    const [line] = lines(second, 'operation settled');
    assert.deepEqual([line.operation, 'trace_id' in line, 'request_id' in line], [body.id, false, false]);
    assert.deepEqual(collector.faults, []);
  } finally {
    for (const gateway of started) gateway.program.child.kill('SIGKILL'); // where a check failed
    await sandbox.stop();
    await collector.stop();
    rmSync(folder, { recursive: true });
  }
});

test('every answer carries the trace on, refusals too, and the caller decides what is sampled', () => traced(async (gateway, sandbox, collector, end) => {
  const [sampled, unsampled] = [caller(), caller('00')];
  const missing = await exchange(gateway.port, 'GET', '/nowhere', { headers: sampled.headers });
  assert.deepEqual([missing.status, ours(missing).trace, ours(missing).flags], [404, sampled.trace, '01']);
  const wrong = await exchange(gateway.port, 'PUT', '/offboard', { headers: unsampled.headers });
  assert.deepEqual([wrong.status, ours(wrong).trace, ours(wrong).flags], [405, unsampled.trace, '00']);
  // Neither begins a trace that is sampled here: the share is 0.
  const doubled = await exchange(gateway.port, 'GET', '/nowhere', { headers: { traceparent: [sampled.headers.traceparent, sampled.headers.traceparent] } });
  assert.notEqual(ours(doubled).trace, sampled.trace);
  const broken = await exchange(gateway.port, 'GET', '/nowhere', { headers: { traceparent: sampled.headers.traceparent.toUpperCase() } });
  assert.notEqual(ours(broken).trace, sampled.trace);
  assert.deepEqual([ours(doubled).flags, ours(broken).flags], ['00', '00']);
  await end();
  assert.deepEqual(collector.spans.map((s) => s.traceId), [sampled.trace]);
  const seen = lines(gateway, 'request').filter((l) => l.listener === 'main').map((l) => l.trace_id);
  assert.deepEqual(seen, [missing, wrong, doubled, broken].map((a) => ours(a).trace));
}, { sample: 0 }));

test('spans leave while the gateway serves, and what left is counted', () => traced(async (gateway, sandbox, collector) => {
  await refused(gateway.port, batch);
  await collector.exported();
  for (;;) {
    const { text } = await exchange(gateway.admin, 'GET', '/metrics');
    if (text.includes(`offboard_trace_spans_total{result="exported"} ${collector.spans.length}\n`)) break;
    await new Promise(setImmediate);
  }
}));

test('a collector that is busy is asked again, and spans come once', () => traced(async (gateway, sandbox, collector) => {
  await refused(gateway.port, batch);
  await collector.exported(2);
  assert.equal(collector.bodies[0], collector.bodies[1]);
  collector.faults = collector.faults.filter((f) => f !== 'a span came twice'); // it was not taken the first time
}, { answer: (response, n) => response.writeHead(n === 0 ? 503 : 200, { 'retry-after': '1' }).end() }));

test('the collector is sent the headers of a file, those of a new one without a restart, and none of a bad one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'offboard-tracing-'));
  const headers_file = join(folder, 'headers');
  const put = (name) => writeFileSync(headers_file, `Authorization: Bearer ${name}-secret-7f3a\nX-Scope-OrgID: acme\n`, { mode: 0o600 });
  put('old');
  const collector = await Collector.start();
  try {
    await together(async (gateway) => {
      const sent = async (token) => {
        const before = collector.headers.length;
        await refused(gateway.port, batch);
        await collector.exported(before + 1);
        for (const headers of collector.headers.slice(before)) assert.deepEqual([headers.authorization, headers['x-scope-orgid']], [`Bearer ${token}-secret-7f3a`, 'acme']);
      };
      const checked = async (message) => {
        process.kill(gateway.program.child.pid, 'SIGHUP');
        const line = await gateway.program.seen((l) => l.includes(`"${message}`));
        assert.equal(JSON.parse(line).key, 'tracing.otlp.headers_file');
      };
      await sent('old');
      put('new');
      await checked('secret rotated');
      await sent('new');
      writeFileSync(headers_file, 'Bearer bad-secret-7f3a');
      await checked('new secrets refused');
      await sent('new');
    }, { tracing: tracing(collector.url, { otlp: { headers_file } }) });
    assert.deepEqual(collector.faults, []);
  } finally {
    await collector.stop();
    rmSync(folder, { recursive: true });
  }
});

test('without a collector traces are carried on and nothing leaves', () => together(async (gateway) => {
  const from = caller();
  const answer = await gateway.offboard(one('lapse', 8), 200, from.headers);
  assert.equal(ours(answer).trace, from.trace);
  const begun = await gateway.offboard(one('lapse', 9), 200);
  assert.equal(ours(begun).flags, '00');
  for (const told of [answer, begun]) {
    const line = await gateway.program.seen((l) => l.includes('"operation settled"') && l.includes(told.body.id));
    assert.equal(JSON.parse(line).trace_id, ours(told).trace);
  }
  assert.ok(!(await exchange(gateway.admin, 'GET', '/metrics')).text.includes('offboard_trace_spans_total'));
}));

// Whatever the collector does, requests are answered and the process ends with 0, which together() looks at.
const troubles = {
  'is not there': async () => {
    const holder = net.createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address();
    await new Promise((closed) => holder.close(closed));
    return { port, stop: () => {} };
  },
  'never answers': async () => {
    const server = http.createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: server.address().port, stop: () => { server.closeAllConnections(); server.close(); } };
  },
  'never reads': async () => {
    const sockets = new Set();
    const server = net.createServer({ pauseOnConnect: true }, (socket) => sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: server.address().port, stop: () => { for (const s of sockets) s.destroy(); server.close(); } };
  },
  'answers 503': async () => {
    const server = http.createServer((request, response) => { request.resume(); response.writeHead(503).end(); }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: server.address().port, stop: () => { server.closeAllConnections(); server.close(); } };
  },
  'is no HTTP server': async () => {
    const server = net.createServer((socket) => socket.on('error', () => {}).end('hello\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: server.address().port, stop: () => server.close() };
  },
};

for (const [what, start] of Object.entries(troubles)) {
  test(`a collector that ${what} delays and fails nobody`, async () => {
    const collector = await start();
    const fills = what === 'never answers';
    try {
      await together(async (gateway) => {
        // As many as there is room for, and a batch on its way: one more finds none.
        await refused(gateway.port, fills ? room + batch + 1 : batch);
        await gateway.offboard({ customers: [{ identifiers: person(10) }] }, 200);
        const { text } = await exchange(gateway.admin, 'GET', '/metrics');
        assert.match(text, /offboard_trace_spans_total\{result="exported"\} 0\n/);
        if (fills) assert.match(text, /offboard_trace_spans_total\{result="(no_room|unavailable)"\} [1-9]/);
        assert.ok(lines(gateway, 'spans are not exported').length <= 1, 'the log is flooded');
      }, { tracing: tracing(`http://127.0.0.1:${collector.port}/v1/traces`) });
    } finally {
      collector.stop();
    }
  });
}
