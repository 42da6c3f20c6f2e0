// Every object that is rendered, against the schema of its kind.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { folder, render } from './render.mjs';
import { faults } from './schema.mjs';

for (const path of ['base', 'autoscaling', 'monitoring', 'overlays/dev', 'overlays/production']) {
  test(`${path} has what the API knows, and nothing else`, async () => {
    const objects = render(folder(path));
    assert.ok(objects.length > 0);
    for (const object of objects) assert.deepEqual(await faults(object), [], `${object.kind} ${object.metadata.name}`);
  });
}

const spoilt = {
  'a misspelt field': (o) => { o.spec.template.spec.terminationGracePeriod = 35; },
  'a field of another place': (o) => { o.spec.template.spec.containers[0].runAsNonRoot = true; },
  'a text for a number': (o) => { o.spec.replicas = '1'; },
  'a missing field': (o) => { delete o.spec.template.spec.containers[0].name; },
  'a word that is none of the list': (o) => { o.spec.podManagementPolicy = 'Serial'; },
  'a kind that is none': (o) => { o.kind = 'StatefulSets'; },
  'a version that is none': (o) => { o.apiVersion = 'apps/v0'; },
};
for (const [name, spoil] of Object.entries(spoilt)) {
  test(`the check finds ${name}`, async () => {
    const object = render(folder('base')).find((o) => o.kind === 'StatefulSet');
    assert.deepEqual(await faults(object), []);
    spoil(object);
    assert.notDeepEqual(await faults(object), []);
  });
}

test('the check finds a misspelt field of the Prometheus operator\'s kinds', async () => {
  const [monitor, rule] = ['ServiceMonitor', 'PrometheusRule'].map((kind) => render(folder('monitoring')).find((o) => o.kind === kind));
  monitor.spec.endpoints[0].intervall = '30s';
  rule.spec.groups[0].rules[0].sumary = 'x';
  for (const object of [monitor, rule]) assert.equal((await faults(object)).length, 1);
});
