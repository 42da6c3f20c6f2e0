// What the overlays add to the base, and whether the gateway takes what they render.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

import { program } from '../system/harness.mjs';
import { deployment, folder } from './render.mjs';

const [base, dev, production] = ['base', 'overlays/dev', 'overlays/production'].map((path) => deployment(folder(path)));
const environment = ({ container }) => Object.fromEntries((container.env ?? []).map((e) => [e.name, e.value]));

/** What --check-config says of the rendered configuration, with the secrets of a pod in place. */
function check({ configMap, container, pod, mount }, fill = (text) => text.replaceAll('replace-me', 'filled-in')) {
  const root = mkdtempSync(join(tmpdir(), 'offboard-'));
  try {
    for (const { name, secret } of pod.volumes.filter((v) => v.secret)) {
      for (const { path } of secret.items ?? [{ path: 'key-2026-11' }, { path: 'key-2026-12' }]) {
        const file = join(root, mount(name).mountPath, path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, name === 'callers' ? createHash('sha256').update(path).digest('hex') : randomBytes(32).toString('hex'), { mode: 0o600 });
      }
    }
    const config = join(root, 'offboard.yaml');
    writeFileSync(config, fill(configMap.data['offboard.yaml']).replaceAll(/((?:_file|key_dir): )\/run\//g, `$1${root}/run/`));
    const run = spawnSync(program('offboard-gateway'), ['--config', config, '--check-config'],
      { encoding: 'utf8', env: { ...process.env, ...environment({ container }) } });
    assert.equal(run.error, undefined);
    return { status: run.status, said: run.stdout.replaceAll(config, 'FILE') };
  } finally {
    rmSync(root, { recursive: true });
  }
}

for (const [name, rendered] of Object.entries({ base, dev, production })) {
  test(`the gateway takes the configuration of ${name}`, () => {
    assert.deepEqual(check(rendered), { status: 0, said: 'FILE: no fault found\n' });
  });
  test(`a value of ${name} that was not filled in is refused and named`, () => {
    const { status, said } = check(rendered, (text) => text);
    assert.equal(status, 2);
    for (const line of said.trim().split('\n')) assert.match(line, /^FILE:\d+: vendors\.\w+\.[\w.]+: is a placeholder: put your own value here$/);
  });
}

test('the check reads what is rendered', () => {
  const spoilt = structuredClone(dev.container);
  spoilt.env.push({ name: 'OFFBOARD__LOG__LEVELS', value: 'debug' });
  const { status, said } = check({ ...dev, container: spoilt });
  assert.equal(status, 2);
  assert.match(said, /log\.levels/);
});

test('dev says everything, asks for little, and calls nobody in production', () => {
  const env = environment(dev);
  assert.equal(env.OFFBOARD__LOG__LEVEL, 'debug');
  for (const [name, { base_url }] of Object.entries(dev.config.vendors)) {
    const other = env[`OFFBOARD__VENDORS__${name.toUpperCase()}__BASE_URL`];
    assert.match(other, /^https:\/\/[a-z-]+\.sandbox\.example\.com$/);
    assert.notEqual(other, base_url);
  }
  assert.equal(dev.one('Ingress').spec.tls, undefined);
  assert.notEqual(dev.one('Ingress').spec.rules[0].host, production.one('Ingress').spec.rules[0].host);
  assert.equal(dev.workload.spec.volumeClaimTemplates[0].spec.resources.requests.storage, '1Gi');
});

test('dev and production share no namespace, and leave nothing outside theirs', () => {
  for (const [{ objects }, namespace] of [[dev, 'offboard-dev'], [production, 'offboard']])
    for (const o of objects) assert.equal(o.metadata.namespace, namespace, `${o.kind} ${o.metadata.name}`);
});

test('production keeps its journal on a class that somebody chose', () => {
  const [{ spec }] = production.workload.spec.volumeClaimTemplates;
  assert.ok(spec.storageClassName);
  assert.equal(spec.resources.requests.storage, '50Gi');
});

test('the autoscaler looks at the CPU of the StatefulSet', () => {
  const { spec } = production.one('HorizontalPodAutoscaler');
  const { apiVersion, kind, metadata: { name } } = production.workload;
  assert.deepEqual(spec.scaleTargetRef, { apiVersion, kind, name });
  assert.deepEqual(spec.metrics.map((m) => m.resource.name), ['cpu']);
  assert.ok(production.container.resources.requests.cpu, 'a share of nothing is no number');
});

test('the ServiceMonitor finds the admin port, on one Service only', () => {
  const { spec } = production.one('ServiceMonitor');
  const labels = Object.entries(spec.selector.matchLabels);
  assert.ok(labels.length > 0);
  const ports = production.all('Service').filter((s) => labels.every(([k, v]) => s.metadata.labels[k] === v))
    .flatMap((s) => s.spec.ports.map((p) => p.name));
  assert.deepEqual(spec.endpoints.map((e) => e.port), ['admin']);
  assert.equal(ports.filter((p) => p === 'admin').length, 1);
  // The rules and the dashboard say job="offboard".
  assert.equal(production.one('Service', 'offboard-admin').metadata.labels[spec.jobLabel], 'offboard');
});

test('an overlay of one\'s own, as deploy/README.md shows it, stands on production', () => {
  const root = mkdtempSync(join(tmpdir(), 'offboard-'));
  try {
    writeFileSync(join(root, 'offboard.yaml'), 'listen: 0.0.0.0:8080\n');
    writeFileSync(join(root, 'kustomization.yaml'), `bases: [${relative(root, folder('overlays/production'))}]
namespace: offboard
images: [{ name: images.example.com/offboard-gateway, newName: images.example.org/gateway, newTag: 0.2.0 }]
configMapGenerator:
  - { name: offboard-config, behavior: replace, files: [offboard.yaml] }
`);
    const mine = deployment(root);
    assert.deepEqual(mine.config, { listen: '0.0.0.0:8080' });
    assert.equal(mine.volume('config').configMap.name, mine.configMap.metadata.name);
    assert.notEqual(mine.configMap.metadata.name, production.configMap.metadata.name, 'another configuration, another pod');
    for (const c of [...mine.pod.initContainers, ...mine.pod.containers]) assert.equal(c.image, 'images.example.org/gateway:0.2.0');
  } finally {
    rmSync(root, { recursive: true });
  }
});
