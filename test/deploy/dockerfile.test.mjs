// What can be said of the image without building it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const text = read('Dockerfile').replace(/^#.*\n/gm, '').replace(/\\\n/g, ' ');
const stages = text.split(/^(?=FROM )/m).filter((s) => s.startsWith('FROM'));
const final = stages.at(-1);

test('both stages are Debian 12, and the last is the slim one', () => {
  assert.equal(stages.length, 2);
  assert.match(stages[0], /^FROM debian:bookworm AS build$/m);
  assert.match(final, /^FROM debian:bookworm-slim$/m);
});

test('the last stage runs as a user given by number, not root', () => {
  assert.match(final, /^USER [1-9]\d*:[1-9]\d*$/m);
});

test('the last stage has the gateway and neither sandbox, compiler nor headers', () => {
  assert.deepEqual(final.match(/^COPY .*$/gm), ['COPY --from=build /build/offboard-gateway /usr/local/bin/offboard-gateway']);
  assert.doesNotMatch(final, /sandbox|-dev\b|g\+\+|cmake|curl/);
  assert.match(stages[0], /--target offboard-gateway\b/);
  assert.match(stages[0], /-DOFFBOARD_SANDBOX=OFF/);
});

test('what the gateway is linked with is in both stages', () => {
  const pairs = [['libboost-json1.81-dev', 'libboost-json1.81.0'], ['libboost-url1.81-dev', 'libboost-url1.81.0'],
    ['libcjose-dev', 'libcjose0'], ['libicu-dev', 'libicu72'], ['libspdlog-dev', 'libspdlog1.10'], ['libsqlite3-dev', 'libsqlite3-0'], ['libssl-dev', 'libssl3'],
    ['libyaml-cpp-dev', 'libyaml-cpp0.7'], ['prometheus-cpp-dev', 'libprometheus-cpp-core1.0'], ['zlib1g-dev', 'zlib1g']];
  const has = (stage, name) => stage.split(/\s+/).includes(name);
  for (const [headers, library] of pairs) assert.ok(has(stages[0], headers) && has(final, library), library);
});

test('the last stage has a folder for the journal that only its user can enter', () => {
  const [, user] = /^USER (\d+):\1$/m.exec(final);
  assert.match(final, new RegExp(`install -d -o ${user} -g ${user} -m 0700 /var/lib/offboard$`, 'm'));
});

test('the gateway is started with its configuration and watched', () => {
  assert.match(final, /^ENTRYPOINT \["offboard-gateway", "--config", "\/etc\/offboard\/offboard\.yaml"\]$/m);
  assert.match(final, /^EXPOSE 8080 9090$/m);
  const [, command] = /^HEALTHCHECK .*CMD (\[.*\])$/m.exec(final);
  const [shell, flag, script] = JSON.parse(command);
  assert.deepEqual([shell, flag], ['bash', '-c']);
  assert.match(script, /\/dev\/tcp\/127\.0\.0\.1\/9090.*GET \/livez /);
});

test('the build context is a list of what is allowed in', () => {
  const lines = read('.dockerignore').split('\n').filter((l) => l && !l.startsWith('#'));
  assert.equal(lines[0], '*');
  assert.deepEqual(lines.slice(1).sort(), ['!CMakeLists.txt', '!cmake', '!include', '!openapi.yaml', '!src']);
});
