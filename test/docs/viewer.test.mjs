// The viewer's files are the ones its makers published: the package that package-lock.json pins by its hash.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';

const ours = new URL('../../src/api/docs/swagger-ui/', import.meta.url);
const theirs = new URL('../node_modules/swagger-ui-dist/', import.meta.url);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const compressed = ['swagger-ui-bundle.js', 'swagger-ui.css'];

test('what is served is what was published', () => {
  for (const name of compressed) {
    const published = readFileSync(new URL(name, theirs));
    assert.ok(gunzipSync(readFileSync(new URL(`${name}.gz`, ours))).equals(published), name);
  }
  const licences = ['LICENSE', 'NOTICE', 'swagger-ui-bundle.js.LICENSE.txt'].map((name) => readFileSync(new URL(name, theirs)));
  assert.ok(readFileSync(new URL('licences.txt', ours)).equals(Buffer.concat(licences)), 'licences.txt');
  assert.deepEqual(readdirSync(ours).sort(), [...compressed.map((name) => `${name}.gz`), 'README.md', 'licences.txt'].sort());
});

test('its version stands where it is needed, and so do its hashes', () => {
  const { version } = JSON.parse(readFileSync(new URL('package.json', theirs)));
  const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)));
  assert.equal(devDependencies['swagger-ui-dist'], version);
  const build = readFileSync(new URL('../../src/CMakeLists.txt', import.meta.url), 'utf8');
  assert.equal(/^set\(swagger_ui_version (\S+)\)$/m.exec(build)?.[1], version);
  const readme = readFileSync(new URL('README.md', ours), 'utf8');
  assert.ok(readme.startsWith(`# Swagger UI ${version}\n`));
  for (const name of compressed) assert.ok(readme.includes(`${sha256(readFileSync(new URL(name, theirs)))}  ${name}\n`), name);
});
