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

/** The table of codes: [word, explanation], as the gateway is built with it. */
function codeTable() {
  const text = readFileSync(join(source, 'domain/outcome_code.cpp'), 'utf8');
  return [...text.matchAll(/\bcode_row\(\s*outcome_code::(\w+),\s*"(\w+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)/g)].map(([, name, word, parts]) => {
    assert.equal(name, word);
    return [word, [...parts.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((part) => part[1].replaceAll('\\"', '"')).join('')];
  });
}

const sorted = (list) => [...new Set(list)].sort();

test('every code of a step is explained in the words of its table, and no other', () => {
  const table = codeTable();
  const rows = readFileSync(join(source, 'domain/outcome_code.cpp'), 'utf8').match(/\bcode_row\(\s*outcome_code::/g);
  assert.equal(table.length, rows.length);
  const told = document.components.schemas.Step.properties.code.description;
  const explained = [...told.matchAll(/^\* `(\w+)`: ((?:.+\n)+?)(?=\* |\n|$)/gm)].map(([, word, text]) => [word, text.trim().replaceAll(/\s*\n\s*/g, ' ')]);
  assert.deepEqual(explained, table);
});

test('every code is used', () => {
  const used = ['src', 'include/offboard'].map((folder) => fileURLToPath(new URL(`../../${folder}`, import.meta.url)))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
    .filter((name) => /\.[ch]pp$/.test(name) && !/outcome_code\.[ch]pp$/.test(name)).map((name) => readFileSync(name, 'utf8')).join('\n');
  for (const [word] of codeTable()) assert.match(used, new RegExp(`\\boutcome_code::${word}\\b`));
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
