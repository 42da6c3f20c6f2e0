// What kubectl makes of a folder of deploy/kubernetes, and the parts of it that the tests look at.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { parse, parseAllDocuments } from 'yaml';

export const folder = (path) => fileURLToPath(new URL(`../../deploy/kubernetes/${path}`, import.meta.url));

/** The objects of a kustomization. KUBECTL is the kubectl to use, the one in the path when it is not set. */
export function render(path) {
  const kubectl = process.env.KUBECTL ?? 'kubectl';
  const run = spawnSync(kubectl, ['kustomize', path], { encoding: 'utf8' });
  if (run.error) throw new Error(`cannot run ${kubectl}: ${run.error.code}. Install kubectl (Debian: kubernetes-client) or set KUBECTL.`);
  if (run.status !== 0) throw new Error(`kubectl kustomize ${path} failed:\n${run.stderr}`);
  return parseAllDocuments(run.stdout).map((d) => {
    assert.deepEqual(d.errors, []);
    return d.toJS();
  });
}

/** A rendering, and short ways to its parts. */
export function deployment(path) {
  const objects = render(path);
  const all = (kind) => objects.filter((o) => o.kind === kind);
  const one = (kind, name = 'offboard') => {
    const found = all(kind).filter((o) => o.metadata.name === name || o.metadata.name.startsWith(`${name}-config-`));
    assert.equal(found.length, 1, `exactly one ${kind} ${name}`);
    return found[0];
  };
  const workload = one('StatefulSet');
  const pod = workload.spec.template.spec;
  const container = pod.containers[0];
  const configMap = one('ConfigMap');
  return {
    objects, all, one, workload, pod, container, configMap,
    config: parse(configMap.data['offboard.yaml']),
    volume: (name) => pod.volumes.find((v) => v.name === name),
    mount: (name) => container.volumeMounts.find((m) => m.name === name),
  };
}

export const secondsOf = (text) => Number(/^(\d+)s$/.exec(text)[1]);
