// The page at /docs, as a person has it: headless Chromium opens it, reads it and tries a request. Pictures of it stay
// in the build's folder, to be looked at: docs.png, docs-tried.png.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';

import { document, methodsOf } from '../openapi/document.mjs';
import { person, program, together } from '../system/harness.mjs';
import { Browser } from './browser.mjs';

const key = 'docs-secret-7f3a'; // the harness looks for its end in the log
const withKey = { auth: { api_keys: [{ name: 'docs', sha256: createHash('sha256').update(key).digest('hex'), scopes: ['offboard:write', 'offboard:read'] }] } };

const everything = Object.keys(document.paths).flatMap((path) => methodsOf(path).map((method) => ({ method, path })));
const block = ({ method, path }) => `#operations-${document.paths[path][method.toLowerCase()].tags[0]}-${document.paths[path][method.toLowerCase()].operationId}`;
const post = block({ method: 'POST', path: '/offboard' });

/** Runs `body` with a page that has the contract before it, and holds the page to its word at the end. */
const onPage = (body, changes) => together(async (gateway, sandbox) => {
  const browser = await Browser.start();
  const page = await browser.open();
  try {
    const origin = `http://127.0.0.1:${gateway.port}`;
    await page.visit(`${origin}/docs`);
    await page.until(`document.querySelectorAll('.opblock').length >= ${everything.length}`);
    await body(page, gateway, sandbox);
    assert.deepEqual(page.complaints, []);
    const others = page.requests.map((r) => r.url).filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:'));
    assert.deepEqual(others, [], 'a request to another host');
  } catch (error) {
    error.message += `\ncomplaints:\n${page.complaints.join('\n')}`;
    throw error;
  } finally {
    await browser.stop();
  }
}, changes);

const tried = `${post} .live-responses-table tbody .response-col_status`;
async function tryPost(page, body) {
  await page.click(`${post} .opblock-summary-control`);
  await page.click(`${post} .try-out__btn`);
  await page.type(`${post} textarea.body-param__text`, JSON.stringify(body));
  await page.click(`${post} .execute`);
  await page.until(`document.querySelector('${tried}')`);
  await page.value(`document.querySelector('${post} .responses-wrapper').scrollIntoView()`);
  return page.value(`document.querySelector('${tried}').innerText`);
}

test('every route of the contract is shown, and those of another listener cannot be tried', () => onPage(async (page) => {
  const shown = await page.value(`[...document.querySelectorAll('.opblock')].map((b) => ({
    method: b.querySelector('.opblock-summary-method').innerText, path: b.querySelector('.opblock-summary-path').dataset.path }))`);
  const order = (a, b) => (a.path + a.method).localeCompare(b.path + b.method);
  assert.deepEqual(shown.sort(order), [...everything].sort(order));
  await page.picture(program('docs.png'));
  // Of one route; the other test tries one of the main listener's. To open one takes Swagger UI a second or more.
  const probe = block({ method: 'GET', path: '/readyz' });
  await page.click(`${probe} .opblock-summary-control`);
  await page.until(`document.querySelector('${probe} .responses-wrapper')`);
  assert.equal(await page.value(`document.querySelector('${probe} .try-out__btn')`), null);
}));

test('a request is tried with a key, and the vendors are called', () => onPage(async (page, gateway, sandbox) => {
  await page.click('.auth-wrapper .authorize');
  await page.type('#api_key_value', key);
  assert.equal(await page.value(`document.querySelector('#api_key_value').autocomplete`), 'off');
  await page.click('.modal-ux .auth-btn-wrapper .authorize');
  await page.click('.modal-ux .btn-done');
  const body = { plan: 'lapse', customers: [{ identifiers: { email: person(1).email } }] };
  gateway.note(body);
  assert.equal(await tryPost(page, body), '200');
  await page.picture(program('docs-tried.png'), { whole: false });
  assert.equal((await sandbox.count('lapse')).calls, 1);
  const { sent } = page.requests.find((r) => r.method === 'POST');
  assert.equal(sent['X-API-Key'], key);
  assert.deepEqual(Object.keys(sent).filter((name) => /^(idempotency-key|prefer|traceparent)$/i.test(name)), [], 'examples were sent');
  const kept = await page.value(`[Object.keys(localStorage).length, Object.keys(sessionStorage).length]`);
  assert.deepEqual([...kept, (await page.send('Network.getCookies')).cookies.length], [0, 0, 0]);
}, withKey));

test('what the policy forbids is stopped, and would be seen above', () => onPage(async (page, gateway) => {
  const elsewhere = `http://127.0.0.1:${gateway.admin}/livez`;
  assert.equal(await page.value(`fetch('${elsewhere}').then(() => 'sent', () => 'stopped')`), 'stopped');
  await page.value(`(() => {
    const script = document.createElement('script');
    script.textContent = 'window.inline = true';
    const style = document.createElement('style');
    style.textContent = 'body { display: none }';
    document.body.append(script, style);
  })()`);
  assert.equal(await page.value('window.inline === undefined && getComputedStyle(document.body).display'), 'block');
  const stopped = page.complaints.splice(0).join('\n');
  for (const directive of ['connect-src', 'script-src-elem', 'style-src-elem']) assert.match(stopped, new RegExp(`"violatedDirective":"${directive}"`));
  page.requests = page.requests.filter((r) => r.url !== elsewhere);
}));
