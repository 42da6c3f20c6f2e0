// Renders the Kubernetes base and its overlays with kubectl, and holds each to what must not get lost in an edit.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

import { deployment, folder, secondsOf } from './render.mjs';

const includes = (labels, selector) => Object.entries(selector).every(([k, v]) => labels[k] === v);
const plain = ['apps/v1 StatefulSet', 'networking.k8s.io/v1 Ingress', 'networking.k8s.io/v1 NetworkPolicy',
  'policy/v1 PodDisruptionBudget', 'v1 ConfigMap', 'v1 Service', 'v1 Service'];
const objectsOf = {
  base: plain,
  'overlays/dev': plain,
  'overlays/production': [...plain, 'autoscaling/v2 HorizontalPodAutoscaler', 'monitoring.coreos.com/v1 PrometheusRule',
    'monitoring.coreos.com/v1 ServiceMonitor', 'v1 ConfigMap'].sort(),
};
/** A number of seconds in the source. */
const constant = (name, file) => Number(new RegExp(`constexpr auto ${name} = std::chrono::seconds\\((\\d+)\\)`)
  .exec(readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8'))[1]);
/** From the end of drain.timeout to the exit, at most: the last answers, and a disk that hangs. */
const lastWords = constant('last_words', 'app/gateway.cpp');
const farewell = constant('longest_farewell', 'journal/sqlite/writer.cpp');

for (const path of Object.keys(objectsOf)) {
describe(path, () => {
const { objects, all, one, workload, pod, container, configMap, config, volume, mount } = deployment(folder(path));

test('there are these objects and no others', () => {
  assert.deepEqual(objects.map((o) => `${o.apiVersion} ${o.kind}`).sort(), objectsOf[path]);
});

test('no Secret is rendered and none is written into the configuration', () => {
  assert.deepEqual(all('Secret'), []);
  assert.doesNotMatch(configMap.data['offboard.yaml'], /^[^#]*\b(secret|password|api_key|client_secret)\s*:/m);
});

test('the image has a tag, and not latest', () => {
  assert.match(container.image, /:[^:/]+$/);
  assert.doesNotMatch(container.image, /:latest$/);
  assert.deepEqual(pod.initContainers.map((c) => c.image), [container.image]);
});

test('the probes ask the admin port', () => {
  const admin = container.ports.find((p) => p.name === 'admin');
  assert.equal(admin.containerPort, 9090);
  for (const [probe, path] of [['startupProbe', '/livez'], ['livenessProbe', '/livez'], ['readinessProbe', '/readyz']]) {
    assert.equal(container[probe]?.httpGet.path, path, probe);
    assert.equal(container[probe].httpGet.port, 'admin', probe);
  }
});

test('the pod runs under the restricted profile', () => {
  assert.equal(pod.containers.length, 1);
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.ok(pod.securityContext.runAsUser > 0);
  assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
  assert.equal(pod.automountServiceAccountToken, false);
  for (const { securityContext } of [...pod.initContainers, ...pod.containers]) {
    assert.equal(securityContext.allowPrivilegeEscalation, false);
    assert.equal(securityContext.readOnlyRootFilesystem, true);
    assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] });
    assert.ok(!securityContext.privileged && securityContext.runAsUser === undefined);
  }
  assert.ok(!pod.hostNetwork && !pod.hostPID && !pod.hostIPC);
  assert.ok(pod.volumes.every((v) => !v.hostPath));
});

test('every container has requests and a memory limit', () => {
  for (const { resources } of [...pod.initContainers, ...pod.containers])
    assert.ok(resources.requests.cpu && resources.requests.memory && resources.limits.memory);
});

test('the journal is on a volume of the pod, and has one pod at a time', () => {
  assert.equal(workload.spec.replicas, 1);
  const claims = workload.spec.volumeClaimTemplates;
  assert.deepEqual(claims.map((c) => c.metadata.name), ['journal']);
  assert.deepEqual(claims[0].spec.accessModes, ['ReadWriteOnce']);
  assert.ok(claims[0].spec.resources.requests.storage);
  assert.equal(dirname(config.journal.sqlite.path), mount('journal').mountPath);
  assert.ok(!mount('journal').readOnly);
  assert.equal(pod.securityContext.fsGroup, pod.securityContext.runAsGroup);
});

test('no second replica can spend the vendors\' budgets once more', () => {
  // Whatever replicas says, now or after somebody's `kubectl scale`, the first of the set is the only one that starts.
  assert.equal(pod.initContainers.length, 1);
  const { command: [program, ...rest], env } = pod.initContainers[0];
  assert.deepEqual(env, [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }]);
  const starts = (name) => spawnSync(program, rest, { env: { PATH: process.env.PATH, POD: name } }).status === 0;
  assert.ok(starts(`${workload.metadata.name}-0`));
  for (const n of [1, 2, 9, 10, 100]) assert.ok(!starts(`${workload.metadata.name}-${n}`), `replica ${n}`);
  for (const { spec } of all('HorizontalPodAutoscaler')) assert.deepEqual([spec.minReplicas, spec.maxReplicas], [1, 1]);
});

test('a node can be drained', () => {
  const { spec } = one('PodDisruptionBudget');
  assert.equal(spec.maxUnavailable, 1);
  assert.equal(spec.minAvailable, undefined);
});

test('replicas would be spread over zones, and one is never kept from starting by it', () => {
  const [zones] = pod.topologySpreadConstraints;
  assert.equal(zones.topologyKey, 'topology.kubernetes.io/zone');
  assert.equal(zones.whenUnsatisfiable, 'ScheduleAnyway');
});

test('a rollout does not wait for a pod that never became ready', () => {
  assert.equal(workload.spec.podManagementPolicy, 'Parallel');
  assert.notEqual(workload.spec.updateStrategy?.type, 'OnDelete');
});

test('the StatefulSet names a headless Service', () => {
  assert.equal(one('Service', workload.spec.serviceName).spec.clusterIP, 'None');
});

test('the rendered configuration is mounted where the image looks for it', () => {
  assert.match(configMap.metadata.name, /^offboard-config-[a-z0-9]+$/);
  assert.equal(volume('config').configMap.name, configMap.metadata.name);
  assert.equal(mount('config').mountPath, '/etc/offboard');
});

test('every secret file of the configuration is in a mounted Secret, and nothing else is', () => {
  const secrets = pod.volumes.filter((v) => v.secret);
  assert.deepEqual(secrets.map((v) => v.secret.secretName), ['offboard-vendors', 'offboard-callers', 'offboard-master-keys']);
  for (const { name, secret } of secrets) {
    assert.ok(mount(name).readOnly);
    assert.equal(secret.defaultMode, 0o440);
  }
  // Without items all of the Secret is there: a directory.
  const mounted = secrets.flatMap(({ name, secret }) => (secret.items ?? [{ path: '' }]).map((i) => join(mount(name).mountPath, i.path))).sort();
  const named = [];
  JSON.stringify(config, (key, value) => {
    if (key.endsWith('_file') || key === 'key_dir') named.push(value);
    return value;
  });
  assert.deepEqual(named.sort(), mounted);
});

test('a master key that is put into its Secret is mounted without another manifest, and a subPath would not follow', () => {
  assert.deepEqual(Object.keys(config.journal).sort(), ['key_dir', 'retention', 'sqlite']);
  const { name } = volume('master-keys');
  assert.equal(volume(name).secret.items, undefined);
  assert.equal(mount(name).mountPath, config.journal.key_dir);
  for (const { subPath, subPathExpr } of container.volumeMounts) assert.deepEqual([subPath, subPathExpr], [undefined, undefined]);
});

test('callers are known by keys in files, and none of them may do everything', () => {
  assert.match(config.listen, /^0\.0\.0\.0:/);
  assert.ok(config.auth.api_keys.length > 0);
  for (const key of config.auth.api_keys) {
    assert.ok(key.sha256_file && !key.sha256, key.name);
    assert.ok(key.scopes.length > 0 && key.scopes.length < 4, key.name);
  }
  assert.equal(new Set(config.auth.api_keys.map((k) => k.name)).size, config.auth.api_keys.length);
});

test('the configuration has the keys of the contract and the ports of the pod', () => {
  assert.deepEqual(Object.keys(config).sort(), ['admin_listen', 'auth', 'deadline', 'default_plan', 'drain',
    'give_up_after', 'journal', 'listen', 'plans', 'vendors']);
  assert.deepEqual(Object.keys(config.vendors).sort(), ['billing', 'capillary', 'mention_me']);
  assert.ok(config.default_plan in config.plans);
  assert.equal(config.listen.split(':').at(-1), String(container.ports.find((p) => p.name === 'http').containerPort));
  assert.equal(config.admin_listen.split(':').at(-1), String(container.ports.find((p) => p.name === 'admin').containerPort));
  for (const vendor of Object.values(config.vendors)) assert.match(vendor.base_url, /^https:/);
});

test('draining ends before the pod is killed', () => {
  const [program, seconds] = container.lifecycle.preStop.exec.command;
  assert.equal(program, 'sleep');
  const afterSigterm = secondsOf(config.drain.delay) + secondsOf(config.drain.timeout) + lastWords;
  assert.ok(afterSigterm <= 25);
  const air = pod.terminationGracePeriodSeconds - (Number(seconds) + afterSigterm + farewell);
  assert.ok(air >= 3, `${air} s are left`);
  // Whoever goes by readiness has seen it go before the listener closes.
  const { periodSeconds, failureThreshold } = container.readinessProbe;
  assert.ok(secondsOf(config.drain.delay) >= periodSeconds * failureThreshold);
});

test('a changed secret reaches the pod: no volume is mounted by subPath', () => {
  for (const m of container.volumeMounts) assert.equal(m.subPath ?? m.subPathExpr, undefined, m.name);
  for (const { env = [], envFrom = [] } of pod.containers)
    assert.ok(envFrom.length === 0 && env.every((e) => !e.valueFrom?.secretKeyRef));
});

test('the Ingress shows callers their routes and no others', () => {
  const { spec } = one('Ingress');
  assert.equal(spec.defaultBackend, undefined);
  assert.equal(spec.rules.length, 1);
  const { paths } = spec.rules[0].http;
  assert.deepEqual(paths.map((p) => `${p.pathType} ${p.path}`).sort(), ['Exact /openapi.yaml', 'Prefix /docs', 'Prefix /offboard']);
  for (const { backend } of paths) assert.deepEqual(backend.service, { name: 'offboard', port: { name: 'http' } });
  if (path !== 'overlays/dev') assert.deepEqual(spec.tls.flatMap((t) => t.hosts), [spec.rules[0].host]);
});

test('the callers\' Service has no admin port', () => {
  assert.deepEqual(one('Service').spec.ports.map((p) => p.port), [8080]);
  assert.deepEqual(one('Service', 'offboard-admin').spec.ports.map((p) => p.port), [9090]);
  for (const service of all('Service')) assert.ok(['ClusterIP', undefined].includes(service.spec.type));
});

test('every selector finds the pod', () => {
  const { labels } = workload.spec.template.metadata;
  const selectors = [workload.spec.selector.matchLabels, one('PodDisruptionBudget').spec.selector.matchLabels,
    one('NetworkPolicy').spec.podSelector.matchLabels, ...all('Service').map((s) => s.spec.selector),
    ...pod.topologySpreadConstraints.map((t) => t.labelSelector.matchLabels)];
  for (const selector of selectors) {
    assert.ok(Object.keys(selector).length > 0);
    assert.ok(includes(labels, selector));
  }
});

test('the NetworkPolicy opens nothing else', () => {
  const { spec } = one('NetworkPolicy');
  assert.deepEqual(spec.policyTypes, ['Ingress', 'Egress']);
  assert.deepEqual(spec.ingress.map((r) => r.ports.map((p) => p.port)), [[8080], [9090]]);
  for (const rule of spec.ingress) assert.ok(rule.from.length > 0 && rule.from.every((f) => f.namespaceSelector.matchLabels));
  const out = spec.egress.flatMap((r) => r.ports.map((p) => `${p.protocol} ${p.port}`));
  assert.deepEqual(out.sort(), ['TCP 4318', 'TCP 443', 'TCP 53', 'UDP 53']);
  for (const rule of spec.egress) assert.ok(rule.to?.length > 0 || rule.ports.every((p) => p.port === 443));
});
});
}
