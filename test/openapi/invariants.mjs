// What the contract promises beyond the shape of an answer. Every function returns faults as sentences; the bodies
// that come here have the right shape already.

import { explainedCodes } from './document.mjs';

// The identifiers each step may use, in the order of preference.
const identifiersOf = {
  'mention_me.lapse': ['email', 'mention_me_customer_id'],
  'mention_me.purge': ['email', 'mention_me_customer_id'],
  'capillary.revoke_earn': ['capillary_id', 'mobile', 'email'],
  'capillary.revoke_enrol': ['capillary_id', 'mobile', 'email'],
  'capillary.delink': ['mobile', 'email', 'external_id'],
  'billing.forget': ['billing_customer_id', 'billing_subscription_id', 'billing_order_id'],
};
const erases = new Set(['mention_me.purge', 'billing.forget']);
const didSomething = new Set(['accepted', 'succeeded', 'absent']);

const isOk = (step, absent = 'ok') =>
  (didSomething.has(step.status) && !(step.status === 'absent' && absent === 'not_ok')) || (step.status === 'skipped' && !step.blocked_by);
const isSettled = (step) => step.status !== 'pending';

/** A step's name and target as one text, the members of the target in a fixed order. */
const keyOf = (name, target = {}) => [name, ...Object.keys(target).sort().map((k) => `${k}=${target[k]}`)].join(' ');

/** The keys of the steps that a plan expands to, sorted. */
export function expand(plan) {
  const keys = [];
  for (const name of ['lapse', 'purge']) if (plan.mention_me?.[name]) keys.push(keyOf(`mention_me.${name}`));
  for (const { kind, ...target } of plan.capillary?.revoke ?? []) {
    keys.push(keyOf('capillary.revoke_earn', target));
    if (kind === 'enrol_and_issue') keys.push(keyOf('capillary.revoke_enrol', target));
  }
  for (const name of plan.capillary?.delink?.partner_programs ?? []) keys.push(keyOf('capillary.delink', { partner_program: name }));
  if (plan.billing) keys.push(keyOf('billing.forget'));
  return keys.sort();
}

/** The status of a customer, as its steps have it. */
export function customerStatus(steps, absent = 'ok') {
  if (!steps.every(isSettled)) return 'pending';
  const ok = (s) => isOk(s, absent);
  if (steps.every(ok)) return 'ok';
  // A gate that only unknown outcomes shut makes nothing worse.
  const byUnknown = (s) => s.status === 'skipped' && s.blocked_by && steps.every((o) => o === s || !s.blocked_by.includes(o.step) || ok(o) || o.status === 'unknown' || byUnknown(o));
  const wrong = steps.some((s) => s.status === 'failed' || s.status === 'cancelled' || (s.status === 'skipped' && !ok(s) && !byUnknown(s)));
  if (!wrong && steps.some((s) => s.status === 'unknown')) return 'unknown';
  return steps.some((s) => didSomething.has(s.status)) ? 'partial' : 'failed';
}

/** The status of an operation, as its customers have it. */
export function operationStatus(statuses) {
  if (statuses.includes('pending')) return 'pending';
  for (const all of ['ok', 'failed']) if (statuses.every((s) => s === all)) return all;
  return statuses.every((s) => s === 'ok' || s === 'unknown') ? 'unknown' : 'partial';
}

function stepFaults(step, steps, retried, ok, where) {
  const faults = [];
  const say = (text) => faults.push(`${where} ${text}`);
  if ((step.code === 'gate_shut') !== (step.blocked_by !== undefined)) say('has gate_shut without blocked_by, or the other way round');
  if ((didSomething.has(step.status) || step.status === 'unknown') && step.attempts === 0) say('has an outcome without an attempt');
  if (!explainedCodes.includes(step.code)) say(`has the code ${step.code}, which the document does not explain`);
  if (step.blocked_by && step.attempts > 0) say('was attempted behind a shut gate');
  if (step.identifier && !identifiersOf[step.step].includes(step.identifier.type)) say('uses an identifier of another vendor');
  // What was not OK when the gate shut may have been retried since, while something else keeps the gate shut.
  const before = (s) => s !== step && ((erases.has(step.step) && !erases.has(s.step)) || keyOf(s.step, s.target) === keyOf('capillary.revoke_earn', step.target));
  const blocks = (s) => before(s) && isSettled(s) && !ok(s);
  for (const name of step.blocked_by ?? []) {
    if (!steps.some((s) => s.step === name && (retried ? before(s) : blocks(s)))) say(`is blocked by ${name}, which is OK or not there`);
  }
  if (step.blocked_by && !steps.some(blocks)) say('is behind a gate that nothing keeps shut');
  if (step.step === 'capillary.revoke_enrol' && step.attempts > 0) {
    const earn = steps.find((s) => keyOf(s.step, s.target) === keyOf('capillary.revoke_earn', step.target));
    if (!earn || !ok(earn)) say('was attempted before the revoke_earn of its promotion was OK');
  }
  return faults;
}

function gateFaults(steps, gate, retried, ok, where) {
  const erasing = steps.find((s) => erases.has(s.step) && s.attempts > 0);
  if (!erasing) return [];
  const others = steps.filter((s) => !erases.has(s.step));
  if (gate === 'all_ok' && !others.every(ok)) return [`${where} ${erasing.step} was attempted while not every other step is OK`];
  if (gate === 'settled' && !retried && !others.every(isSettled)) return [`${where} ${erasing.step} was attempted while another step is pending`];
  return [];
}

// The identifier must be the first that fits; its text the very one that was given.
function identifierFaults(step, given, where) {
  // Where the vendor did not find the customer by one, the next one, or the last.
  const absent = step.vendor?.absent_by ?? [];
  const type = identifiersOf[step.step].find((t) => given[t] !== undefined && !absent.includes(t)) ?? absent.at(-1);
  if (type === undefined) {
    return step.identifier || step.status !== 'skipped' ? [`${where} has no identifier in the request and is not skipped`] : [];
  }
  if (!step.identifier) return [`${where} lost its identifier`];
  if (step.identifier.type !== type) return [`${where}/identifier is not of the first type that fits: ${type}`];
  const value = given[type];
  if (step.identifier.value === undefined || (typeof value === 'number' && !Number.isSafeInteger(value))) return [];
  const text = type === 'mobile' ? String(value).replace(/^\+/, '') : String(value);
  return step.identifier.value === text ? [] : [`${where}/identifier has another value than the request`];
}

function customerFaults(customer, place, { request, plan, keys, retried }) {
  const where = `/customers/${place}`;
  const faults = [];
  // With a plan by name only, nobody here knows its own defaults.
  const absent = request?.options?.absent ?? plan?.options?.absent ?? 'ok';
  const ok = (step) => isOk(step, absent);
  if (customer.index !== place) faults.push(`${where}/index is not its place`);
  if (customer.status !== customerStatus(customer.steps, absent)) faults.push(`${where}/status does not follow from its steps`);
  const own = customer.steps.map((s) => keyOf(s.step, s.target)).sort();
  if (new Set(own).size !== own.length) faults.push(`${where} has a step twice`);
  if (keys && own.join() !== keys.join()) faults.push(`${where} has other steps than planned`);
  customer.steps.forEach((step, i) => faults.push(...stepFaults(step, customer.steps, retried, ok, `${where}/steps/${i}`)));

  const asked = request?.customers?.[place];
  if (!asked) return faults;
  if (customer.ref !== asked.ref) faults.push(`${where}/ref is not the one that was given`);
  customer.steps.forEach((step, i) => faults.push(...identifierFaults(step, asked.identifiers, `${where}/steps/${i}`)));
  // With a plan by name only, nobody here knows its own default.
  const gate = request.options?.erase_gate ?? (plan ? plan.options?.erase_gate ?? 'all_ok' : undefined);
  return [...faults, ...gateFaults(customer.steps, gate, retried, ok, where)];
}

function summaryFaults({ summary, customers }) {
  const faults = [];
  const is = (name, stated, counted) => stated === counted || faults.push(`/summary/${name} is no recount: ${stated}, not ${counted}`);
  is('customers', summary.customers, customers.length);
  for (const s of ['ok', 'partial', 'failed', 'unknown', 'pending']) is(s, summary[s], customers.filter((c) => c.status === s).length);
  const steps = customers.flatMap((c) => c.steps);
  for (const s of Object.keys(summary.steps)) is(`steps/${s}`, summary.steps[s], steps.filter((x) => x.status === s).length);
  return faults;
}

const statusesOf = { 200: ['ok'], 207: ['partial', 'failed', 'unknown'], 202: ['pending'] };

export function operationFaults(operation, { path, method, status, headers, request, plan = request?.steps, retried = false }) {
  const faults = [];
  const { id, customers } = operation;
  if (!statusesOf[status].includes(operation.status)) faults.push(`/status ${operation.status} does not fit ${status}`);
  if (operation.status !== operationStatus(customers.map((c) => c.status))) faults.push('/status does not follow from the customers');
  if ((operation.settled_at !== undefined) !== (operation.status !== 'pending')) faults.push('/settled_at is there if and only if all is settled');
  if (operation.settled_at < operation.created_at) faults.push('/settled_at is before created_at');

  const resource = `/offboard/${id}`;
  if (path !== '/offboard' && path.split('/')[2] !== id) faults.push('/id is not the one in the path');
  for (const name of ['location', 'content-location']) {
    if (headers.has(name) && headers.get(name).replace(/^https?:\/\/[^/]+(\/.*)?(?=\/offboard\/[^/]+$)/, '') !== resource) faults.push(`${name} is not that of the operation`);
  }
  if (method === 'POST' && status !== 202 && !headers.has('content-location')) faults.push('content-location is missing');

  if (request) {
    if (request.options?.dry_run) faults.push('(body) is an operation, and a dry run was asked for');
    if (customers.length !== request.customers.length) faults.push('/customers are not as many as asked');
    if (request.steps && operation.plan !== undefined) faults.push('/plan is there, and the request had steps of its own');
    if (request.plan && operation.plan !== request.plan) faults.push('/plan is not the one asked for');
  }
  const keys = plan ? expand(plan) : customers[0].steps.map((s) => keyOf(s.step, s.target)).sort();
  customers.forEach((c, i) => faults.push(...customerFaults(c, i, { request, plan, keys, retried })));
  return [...faults, ...summaryFaults(operation)];
}

export function lookupFaults({ operations }) {
  const faults = [];
  if (new Set(operations.map((o) => o.id)).size !== operations.length) faults.push('/operations has one twice');
  operations.forEach((o, i) => {
    if ((o.settled_at !== undefined) !== (o.status !== 'pending')) faults.push(`/operations/${i}/settled_at is there if and only if all is settled`);
    if (i > 0 && o.created_at > operations[i - 1].created_at) faults.push(`/operations/${i} is newer than the one before it`);
  });
  return faults;
}

export function dryRunFaults(answer, headers, request) {
  const faults = [];
  for (const name of ['location', 'content-location']) if (headers.has(name)) faults.push(`${name} is there, and a dry run has no resource`);
  if (!request) return faults;
  const asked = request.options?.dry_run ?? request.steps?.options?.dry_run;
  if (asked === false || (asked === undefined && request.steps)) faults.push('(body) is a dry run, and none was asked for');
  if (request.steps && answer.plan !== undefined) faults.push('/plan is there, and the request had steps of its own');
  if (request.plan && answer.plan !== request.plan) faults.push('/plan is not the one asked for');
  answer.calls.forEach((call, i) => {
    if (call.customers > request.customers.length) faults.push(`/calls/${i}/customers is more than asked`);
  });
  return faults;
}
