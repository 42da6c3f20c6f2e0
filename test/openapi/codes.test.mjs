// Every code and problem type that the sources can put into an answer is explained in openapi.yaml, and nothing else is.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { document, explainedCodes, explainedIn } from './document.mjs';

const source = fileURLToPath(new URL('../../src', import.meta.url));

/** The text of every C++ source below these folders, without comments. */
function textOf(...folders) {
  const files = folders.flatMap((folder) => readdirSync(join(source, folder), { recursive: true }).map((name) => join(source, folder, name)));
  return files.filter((name) => /\.[ch]pp$/.test(name)).map((name) => readFileSync(name, 'utf8').replaceAll(/\/\/.*/g, '')).join('\n');
}

const all = (text, pattern) => [...text.matchAll(pattern)].map((found) => found[1]);

/** What stands where a step's outcome is made: in calls that take a code, in assignments, and in the vendors' tables. */
function codesOf(text) {
  const direct = [
    /\b(?:settled|outcome_of)\(\s*(?:step_status::)?\w+,\s*"(\w+)"/g,
    /\b(?:unproven|undivided)\(\s*"(\w+)"/g,
    /\boutcome\{\s*step_status::\w+,\s*"(\w+)"/g,
    /\bcode = "(\w+)"/g,
  ].flatMap((pattern) => all(text, pattern));
  const tables = all(text, /\b(?:reason_)?row\{([^{}]*)\}/g).flatMap((row) => all(row, /"([a-z][a-z0-9_]*)"/g));
  const last = all(text, /\boutcome_at_the_end\(([^;]*)\);/g).flatMap((call) => all(call, /"(\w+)"/g));
  return [...direct, ...tables, ...last];
}

const sorted = (list) => [...new Set(list)].sort();

test('every code of a step that the sources know is explained, and no other', () => {
  assert.deepEqual(sorted(explainedCodes), sorted(codesOf(textOf('domain', 'vendors', 'dispatch', 'journal'))));
});

test('every type of a problem that the sources know is explained, and no other', () => {
  const types = document.components.schemas.ProblemType;
  const named = sorted(all(textOf('api', 'http'), /\b[45]\d\d,\s*"([a-z]+(?:-[a-z]+)*)"/g));
  assert.deepEqual(sorted(types.enum), named.map((name) => `urn:offboard:problem:${name}`));
  assert.deepEqual(sorted(explainedIn(types.description)), named);
});

test('nothing is explained twice', () => {
  const types = document.components.schemas.ProblemType;
  for (const list of [explainedCodes, explainedIn(types.description), types.enum]) assert.equal(new Set(list).size, list.length);
});
