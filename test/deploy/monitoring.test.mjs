// The alerts and the dashboard, held to what the real gateway shows at /metrics, and to the runbook.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parse, stringify } from 'yaml';

import { exchange, person, together } from '../system/harness.mjs';
import { families, promtool, selectors } from './promtool.mjs';
import { deployment, folder, render } from './render.mjs';

const objects = render(folder('monitoring'));
const { groups } = objects.find((o) => o.kind === 'PrometheusRule').spec;
const rules = groups.flatMap((g) => g.rules);
const rulesFile = stringify({ groups });
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const cases = read('alerts.promtool.yaml');
const dashboardMap = objects.find((o) => o.kind === 'ConfigMap');
const dashboard = JSON.parse(dashboardMap.data['offboard.json']);
const targets = dashboard.panels.flatMap((p) => p.targets ?? []);

const scrape = async (gateway) => (await exchange(gateway.admin, 'GET', '/metrics')).text;
/** Everything that the gateways of this file have shown. */
let seen = '';

/** The alerts that fire, as "name vendor", `minutes` after the page of the gateway went from one text to the other. */
function firing(before, later, minutes) {
  const values = (text) => new Map(text.split('\n').filter((l) => l && !l.startsWith('#') && !l.includes('_bucket{')).map((l) => l.split(/ (?=\S+$)/)));
  const [first, second] = [values(before), values(later)];
  const input_series = [...second].map(([name, value]) => {
    const [family, labels] = /^([a-z_]+)(?:\{(.*)\})?$/.exec(name).slice(1);
    const all = [labels, 'namespace="offboard"', 'pod="offboard-0"', 'job="offboard"'].filter(Boolean).join(',');
    return { series: `${family}{${all}}`, values: `${first.has(name) ? first.get(name) : '_'}x9 ${value}x200` };
  });
  // Asked for what is not there, promtool says what is.
  const { said } = promtool(['test', 'rules', 'case.yaml'], {
    'rules.yaml': rulesFile,
    'case.yaml': stringify({
      rule_files: ['rules.yaml'],
      evaluation_interval: '1m',
      tests: [{
        interval: '1m',
        input_series,
        promql_expr_test: [{ expr: 'count by (alertname, vendor) (ALERTS{alertstate="firing"})', eval_time: `${10 + minutes}m`,
          exp_samples: [{ labels: '{never="there"}', value: 1 }] }],
      }],
    }),
  });
  const [, got] = /^ *got: (.*)$/m.exec(said) ?? assert.fail(said);
  if (got === 'nil') return [];
  return [...got.matchAll(/\{alertname="(\w+)"(?:, vendor="(\w+)")?\}/g)].map(([, name, vendor]) => [name, vendor].filter(Boolean).join(' ')).sort();
}

test('the rules are rules to Prometheus, and do in every case what the case says', () => {
  const files = { 'rules.yaml': rulesFile, 'cases.yaml': cases };
  for (const words of [['check', 'rules', 'rules.yaml'], ['test', 'rules', 'cases.yaml']]) {
    const { status, said } = promtool(words, files);
    assert.equal(status, 0, said);
  }
});

test('each alert has a case in which it fires, and one in which it does not', () => {
  const fires = new Set();
  const rests = new Set();
  for (const { alert_rule_test = [], promql_expr_test = [] } of parse(cases).tests) {
    for (const { alertname, exp_alerts } of alert_rule_test) (exp_alerts.length > 0 ? fires : rests).add(alertname);
    for (const { expr, exp_samples } of promql_expr_test) {
      const [, alert] = /alertname="(\w+)"/.exec(expr) ?? [];
      if (alert) (exp_samples.some((s) => s.value > 0) ? fires : rests).add(alert);
    }
  }
  const names = rules.map((r) => r.alert).sort();
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual([[...fires].sort(), [...rests].sort()], [names, names]);
});

test('a gateway at work raises no alert', () => together(async (gateway) => {
  const before = await scrape(gateway);
  await gateway.offboard({ customers: [{ identifiers: person(1) }] }, 200);
  const later = await scrape(gateway);
  seen += before + later;
  for (const minutes of [5, 60]) assert.deepEqual(firing(before, later, minutes), []);
}));

test('a vendor that is down raises its breaker\'s alert', () => together(async (gateway, sandbox) => {
  const before = await scrape(gateway);
  await sandbox.fault({ call: 'lapse', status: 503, times: 0 });
  await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(2) }] }, 202, { prefer: 'respond-async' });
  let later;
  do later = await scrape(gateway); while (!later.includes('offboard_breaker_state{step="mention_me.lapse",vendor="mention_me"} 2'));
  seen += later;
  assert.deepEqual(firing(before, later, 30), ['OffboardBreakerOpen mention_me']);
}, { each: { mention_me: { breaker: { failures: 1, open: '10m' } } }, drain: { timeout: '100ms' } }));

test('a budget that is used up raises its alert', () => together(async (gateway, sandbox) => {
  const before = await scrape(gateway);
  await gateway.offboard({ plan: 'lapse', customers: [3, 4, 5].map((n) => ({ identifiers: person(n) })) }, 202, { prefer: 'respond-async' });
  await sandbox.sent('lapse');
  const later = await scrape(gateway);
  seen += later;
  assert.deepEqual(firing(before, later, 10), []);
  assert.deepEqual(firing(before, later, 30), ['OffboardVendorBudgetExhausted mention_me']);
}, { each: { mention_me: { budget: { calls: 1, per: '10m' }, max_batch: 1 } }, drain: { timeout: '100ms' } }));

test('a journal that cannot be written raises its alert', () => together(async (gateway) => {
  const before = await scrape(gateway);
  // The most a file may hold, which is a full disk to the process.
  const holds = (bytes) => assert.equal(spawnSync('prlimit', [`--fsize=${bytes}:unlimited`, `--pid=${gateway.program.child.pid}`]).status, 0);
  const writable = async (is) => {
    for (;;) {
      const text = await scrape(gateway);
      if (text.includes(`offboard_journal_writable ${is}`)) return text;
    }
  };
  holds(1);
  await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(8) }] }, 503);
  const later = await writable(0);
  holds('unlimited');
  await writable(1);
  seen += later;
  assert.deepEqual(firing(before, later, 10), ['OffboardJournalNotWritable']);
}, { journal: 'sqlite' }));

test('unknown outcomes and refused credentials raise theirs', () => together(async (gateway, sandbox) => {
  const before = await scrape(gateway);
  await sandbox.fault([{ call: 'forget', kind: 'cut', times: 0 }, { call: 'lapse', status: 403, times: 0 }]);
  await gateway.offboard({ plan: 'forget', customers: [{ identifiers: person(6) }] }, 207);
  const { body: held } = await gateway.offboard({ plan: 'lapse', customers: [{ identifiers: person(7) }] }, 202, { prefer: 'respond-async' });
  await gateway.program.seen((l) => l.includes('"vendor refuses our credentials"'));
  const later = await scrape(gateway);
  seen += later;
  for (const minutes of [5, 40]) assert.deepEqual(firing(before, later, minutes), ['OffboardUnknownOutcomes billing', 'OffboardVendorRefusesCredentials mention_me']);
  await gateway.command('cancel', held.id, [200, 207]);
}));

/** Added by Prometheus as the ServiceMonitor says, or part of every histogram. */
const given = { job: ['offboard'], namespace: ['$namespace'], pod: [], le: [] };

/** What the kubelet shows of every volume that is claimed. */
const ofVolumes = families(['available', 'capacity'].map((what) => `kubelet_volume_stats_${what}_bytes{namespace="n",persistentvolumeclaim="c"} 1`).join('\n'));

/** What an expression asks for that no gateway showed. */
function missing(expression, shown) {
  const out = [];
  for (const { name, matchers } of selectors(expression)) {
    const labels = shown.get(name);
    if (!labels) out.push(name);
    for (const [label, operator, value] of labels ? matchers : []) {
      const values = given[label] ?? [...labels.get(label) ?? []];
      if (operator === '=' ? !values.includes(value) : values.length === 0) out.push(`${name}{${label}="${value}"}`);
    }
    for (const [, by] of expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g))
      for (const label of by.split(', ')) if (labels && !(label in given) && ![...shown.values()].some((l) => l.has(label))) out.push(label);
  }
  return out;
}

test('rules and dashboard ask for nothing that the gateway does not show', () => {
  const shown = new Map([...families(seen), ...ofVolumes]);
  for (const expression of [...rules.map((r) => r.expr), ...targets.map((t) => t.expr)]) {
    assert.ok(selectors(expression).length > 0, expression);
    assert.deepEqual(missing(expression, shown), [], expression);
  }
  for (const wrong of ['offboard_queue_lenght', 'offboard_steps_total{status="unkown"}', 'offboard_steps_total{outcome="failed"}', 'sum by (vender) (offboard_queue_customers)'])
    assert.notDeepEqual(missing(wrong, shown), [], wrong);
});

test('the volume that is watched is the one that the StatefulSet claims', () => {
  const { workload } = deployment(folder('overlays/production'));
  const [claim] = workload.spec.volumeClaimTemplates;
  const { expr } = rules.find((r) => r.alert === 'OffboardJournalFilling');
  for (const { matchers } of selectors(expr)) {
    const [[label, operator, pattern]] = matchers;
    assert.deepEqual([label, operator], ['persistentvolumeclaim', '=~']);
    assert.match(`${claim.metadata.name}-${workload.metadata.name}-0`, new RegExp(`^(?:${pattern})$`));
  }
});

test('what the gateway shows is on the dashboard', () => {
  const base = (name) => name.replace(/_(bucket|sum|count)$/, '');
  const drawn = new Set(targets.flatMap((t) => selectors(t.expr)).map((s) => base(s.name)));
  assert.deepEqual([...new Set([...families(seen).keys()].map(base))].filter((f) => !drawn.has(f)), []);
});

test('each alert says what, how bad, and where to read on', () => {
  for (const { alert, labels, annotations } of rules) {
    assert.match(alert, /^Offboard[A-Z]\w+$/);
    assert.ok(['critical', 'warning'].includes(labels.severity), alert);
    assert.ok(annotations.summary && annotations.description, alert);
    assert.equal(annotations.runbook_url, `deploy/README.md#${alert.toLowerCase()}`);
  }
});

test('giving up is announced at half of the time that the configuration gives', () => {
  const [, hours] = /^(\d+)h$/.exec(deployment(folder('overlays/production')).config.give_up_after);
  const { expr } = rules.find((r) => r.alert === 'OffboardGivingUpSoon');
  assert.ok(expr.endsWith(` > ${Number(hours) * 3600 / 2}`));
});

test('the runbook has lines for every alert, and speaks of metrics and log lines that there are', () => {
  const [, runbook] = /^## Runbook\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(read('../../deploy/README.md'));
  const parts = runbook.split(/^### /m).slice(1);
  assert.deepEqual(parts.map((p) => p.split('\n')[0]), rules.map((r) => r.alert));
  for (const part of parts) assert.deepEqual(part.match(/^- \*\*\w+\*\*/gm), ['- **Means**', '- **Callers**', '- **Look**', '- **Do**'], part);
  const shown = new Map([...families(seen), ...ofVolumes]);
  for (const [name] of runbook.matchAll(/\b(offboard|process|kubelet)_[a-z_]+/g)) assert.ok(shown.has(name) || shown.has(`${name}_count`), name);
  const source = fileURLToPath(new URL('../../src', import.meta.url));
  const text = readdirSync(source, { recursive: true }).filter((f) => f.endsWith('.cpp')).map((f) => readFileSync(`${source}/${f}`, 'utf8')).join('\n');
  const quoted = [...runbook.replaceAll(/\s+/g, ' ').matchAll(/"([a-z][^"]*)"/g)].map((m) => m[1]);
  assert.ok(quoted.length > 5);
  for (const line of quoted) assert.ok(text.includes(`"${line}`), line);
});

test('the dashboard is one that Grafana\'s sidecar finds and any Prometheus can fill', () => {
  assert.equal(dashboardMap.metadata.labels.grafana_dashboard, '1');
  const variables = Object.fromEntries(dashboard.templating.list.map((v) => [v.name, v]));
  assert.equal(variables.datasource.type, 'datasource');
  assert.equal(variables.datasource.query, 'prometheus');
  const here = { type: 'prometheus', uid: '${datasource}' };
  assert.deepEqual(variables.namespace.datasource, here);
  assert.equal(new Set(dashboard.panels.map((p) => p.id)).size, dashboard.panels.length);
  assert.equal(new Set(dashboard.panels.map((p) => p.title)).size, dashboard.panels.length);
  const taken = new Set();
  for (const panel of dashboard.panels) {
    const { x, y, w, h } = panel.gridPos;
    assert.ok(x >= 0 && x + w <= 24, panel.title);
    for (let i = x; i < x + w; ++i) for (let j = y; j < y + h; ++j) assert.ok(!taken.has(`${i} ${j}`) && taken.add(`${i} ${j}`), `${panel.title} lies on another`);
    if (panel.type === 'row') continue;
    assert.deepEqual(panel.datasource, here);
    assert.ok(panel.targets.length > 0);
    for (const target of panel.targets) {
      assert.deepEqual(target.datasource, here);
      for (const { name, matchers } of selectors(target.expr)) assert.ok(matchers.some(([l, , v]) => l === 'namespace' && v === '$namespace'), name);
    }
  }
});

test('the dashboard\'s queries are queries to Prometheus', () => {
  const plain = (e) => e.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', 'offboard');
  const file = (list) => ({ 'rules.yaml': stringify({ groups: [{ name: 'x', rules: list.map((expr, i) => ({ record: `x:${i}`, expr: plain(expr) })) }] }) });
  const { status, said } = promtool(['check', 'rules', 'rules.yaml'], file(targets.map((t) => t.expr)));
  assert.equal(status, 0, said);
  assert.notEqual(promtool(['check', 'rules', 'rules.yaml'], file(['sum(rate(x)'])).status, 0);
});
