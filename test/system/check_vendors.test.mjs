// --check-vendors: what an operator learns before the first customer, and that nothing is changed by it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { configuration, Program, program, Sandbox } from './harness.mjs';

async function check(changes) {
  const sandbox = await Sandbox.start();
  const folder = mkdtempSync(join(tmpdir(), 'offboard-'));
  try {
    const file = join(folder, 'offboard.yaml');
    writeFileSync(file, JSON.stringify(configuration(sandbox.port, changes)));
    const run = new Program(program('offboard-gateway'), ['--config', file, '--check-vendors']);
    const { code } = await run.ended;
    const text = run.lines.join('\n');
    assert.ok(!/secret-7f3a|wrong/.test(text), 'a secret stands in the output');
    const said = Object.fromEntries(run.lines.filter((l) => !l.startsWith('{')).map((l) => [l.split(' ')[0], l.slice(l.indexOf(': ') + 2)]));
    const state = await sandbox.state();
    assert.deepEqual([state.lapsed, state.forgotten], [{}, {}]);
    return { code, said };
  } finally {
    rmSync(folder, { recursive: true });
    await sandbox.stop();
  }
}

test('vendors that take our credentials are told so', async () => {
  const { code, said } = await check({});
  assert.equal(code, 0);
  assert.deepEqual(said, { mention_me: 'token: given', capillary: 'token: given', billing: 'ping: answered with status 200' });
});

test('refused credentials, an address where nobody is, and a vendor that cannot be checked', async () => {
  const { code, said } = await check({ each: {
    mention_me: { client_secret: 'wrong' },
    capillary: { oauth: undefined, basic: { username: 'u', password: 'p' } },
    billing: { api_key: 'wrong' },
  } });
  assert.equal(code, 1);
  assert.match(said.mention_me, /^token: answered with status 40[01]$/);
  assert.equal(said.capillary, 'not checked: this vendor has no call without effect');
  assert.equal(said.billing, 'ping: answered with status 401');
});
