// Prometheus' own judge of rules. PROMTOOL is the promtool to use, the one in the path when it is not set.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs promtool with `words` in a folder that has these files (name: text). Returns its status and all it said. */
export function promtool(words, files) {
  const root = mkdtempSync(join(tmpdir(), 'offboard-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    const program = process.env.PROMTOOL ?? 'promtool';
    const run = spawnSync(program, words, { cwd: root, encoding: 'utf8' });
    if (run.error) throw new Error(`cannot run ${program}: ${run.error.code}. Install it (deploy/local/install test) or set PROMTOOL.`);
    return { status: run.status, said: run.stdout + run.stderr };
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The series of a text exposition: their names, each with its labels and their values. */
export function families(exposition) {
  const out = new Map();
  for (const line of exposition.split('\n')) {
    const [, name, labels = ''] = /^([a-z_]+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (!name) continue;
    if (!out.has(name)) out.set(name, new Map());
    for (const [, label, value] of labels.matchAll(/([a-z_]+)="([^"]*)"/g)) {
      if (!out.get(name).has(label)) out.get(name).set(label, new Set());
      out.get(name).get(label).add(value);
    }
  }
  return out;
}

/** The selectors of an expression: name, and matchers as [label, operator, value]. */
export function selectors(expression) {
  return [...expression.matchAll(/\b((?:offboard|process|kubelet)_[a-z_]+)(?:\{([^}]*)\})?/g)].map(([, name, inside = '']) => ({
    name, matchers: [...inside.matchAll(/([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map((m) => m.slice(1)),
  }));
}
