// How long the largest legal request holds the loop: 1,000 customers, 100,000 steps, begun, read, cancelled, and opened
// again after every step failed, while a second client asks for something small all the time.
//
//   OFFBOARD_BUILD=build node test/bench/slices.mjs
//
// Prints the time of each request, and the longest that the second client waited. A timing, and no test.
import http from 'node:http';

import { person, together } from '../system/harness.mjs';

const programmes = Array.from({ length: 50 }, (_, i) => `programme${i}`);
const promotions = Array.from({ length: 25 }, (_, i) => ({ program_id: 2714, promotion_id: String(202000 + i), kind: 'enrol_and_issue' }));
const request = JSON.stringify({
  steps: { capillary: { revoke: promotions, delink: { partner_programs: programmes } } },
  customers: Array.from({ length: 1000 }, (_, i) => ({ identifiers: person(i) })),
});
const agent = new http.Agent({ keepAlive: true });

function send(gateway, method, path, body) {
  const headers = body ? { 'content-type': 'application/json', prefer: 'respond-async' } : { prefer: 'respond-async', 'content-length': 0 };
  return new Promise((resolve, reject) => {
    const sent = http.request({ port: gateway.port, host: '127.0.0.1', path, method, headers, agent }, (answer) => {
      let start = '';
      answer.on('data', (part) => { if (start.length < 400) start += part; });
      answer.on('end', () => resolve({ status: answer.statusCode, start: start.slice(0, 400) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Runs `act` beside the second client. */
async function measured(gateway, name, act) {
  let done = false;
  let longest = 0;
  const second = (async () => {
    while (!done) {
      const began = performance.now();
      await send(gateway, 'HEAD', '/openapi.yaml');
      longest = Math.max(longest, performance.now() - began);
    }
  })();
  const began = performance.now();
  const answer = await act();
  const took = performance.now() - began;
  await new Promise((resolve) => setTimeout(resolve, 500)); // what follows the answer
  done = true;
  await second;
  console.log(`${name.padEnd(8)} ${answer.status}  ${took.toFixed(0).padStart(5)} ms, the second client waited ${longest.toFixed(1)} ms at most`);
  return answer;
}

const idOf = (answer) => answer.start.match(/"id":"(\w+)"/)[1];

await together(async (gateway, sandbox) => {
  await sandbox.fault([{ call: 'revoke', status: 503, times: 0 }, { call: 'delink', status: 503, times: 0 }]);
  const waiting = idOf(await measured(gateway, 'begin', () => send(gateway, 'POST', '/offboard', request)));
  await measured(gateway, 'read', () => send(gateway, 'GET', `/offboard/${waiting}`));
  await measured(gateway, 'cancel', () => send(gateway, 'POST', `/offboard/${waiting}/cancel`));
  await sandbox.control('DELETE', 'faults');
  await sandbox.fault([{ call: 'revoke', status: 400, times: 0 }, { call: 'delink', status: 400, times: 0 }]);
  const failing = idOf(await send(gateway, 'POST', '/offboard', request));
  while ((await send(gateway, 'GET', `/offboard/${failing}`)).status === 202) await new Promise((resolve) => setTimeout(resolve, 500));
  await measured(gateway, 'retry', () => send(gateway, 'POST', `/offboard/${failing}/retry`));
}, { journal: 'sqlite', limits: { body: '16MiB' } });
process.exit(0);
