// The sandbox's record against what the callers were told.
import assert from 'node:assert/strict';

const ok = new Set(['accepted', 'succeeded', 'absent']);
/** What is sent once more at most when its answer was lost. */
const once = new Set(['mention_me.purge', 'billing.forget']);
/** Calls by which a vendor is asked whether it works. */
const without_effect = new Set(['ping', 'read_back']);
/** Deliveries that the caller of a vendor cannot read as an answer. */
const broken = new Set(['cut', 'reset', 'stall', 'truncated', 'cut_mid_body', 'cut_after_headers']);
const promotion = '202779';

/** What the vendors received of one customer and one step, collected bit by bit: the sandbox forgets old calls. */
export class Record {
  constructor(sandbox) {
    this.sandbox = sandbox;
    this.last = 0;
    this.ends = []; // the last call that each process made
    this.received = new Map(); // `forget 4711` -> [{ seq, status, fault, customers }], in the order received
  }

  async collect() {
    const { total, calls } = await this.sandbox.control('GET', `calls?after=${this.last}`);
    assert.equal(calls.length, total - this.last, 'the sandbox has forgotten calls that nobody looked at');
    for (const call of calls) {
      this.last = call.seq;
      if (call.call.endsWith('_token') || without_effect.has(call.call)) continue;
      assert.notEqual(call.call, 'unknown', `a call that no vendor has: ${call.target}`);
      assert.equal(call.body_cut, false);
      const reception = { seq: call.seq, status: call.status, fault: call.fault, customers: call.customers.length };
      for (const key of keysOf(call)) {
        if (!this.received.has(key)) this.received.set(key, []);
        this.received.get(key).push(reception);
      }
    }
    this.ends.push(this.last);
    return this.last;
  }

  of(key) {
    return this.received.get(key) ?? [];
  }
}

function keysOf(call) {
  const values = call.customers.map((who) => who.slice(who.indexOf(':') + 1));
  if (call.call === 'revoke') return values.map((value) => `${JSON.parse(call.body).bulkAction} ${value}`);
  if (call.call !== 'delink') return values.map((value) => `${call.call} ${value}`);
  const [{ deLinkFromPartnerPrograms }] = JSON.parse(call.body).deLinkCustomers;
  return deLinkFromPartnerPrograms.map((p) => `delink ${values[0]} ${p.partnerProgramName}`);
}

function keyOf(step, who) {
  const capillary = who.capillary_id ?? who.mobile;
  switch (step.step) {
    case 'mention_me.lapse': return `lapse ${who.email}`;
    case 'mention_me.purge': return `purge ${who.email}`;
    case 'capillary.revoke_earn': return `REVOKE_EARN ${capillary}`;
    case 'capillary.revoke_enrol': return `REVOKE_ENROL ${capillary}`;
    case 'capillary.delink': return `delink ${who.mobile} ${step.target.partner_program}`;
    default: return `forget ${who.billing_customer_id}`;
  }
}

/**
 * Receptions after which a step that may be repeated only once has one try less: each may have had its effect, and
 * none told what became of it. That is every one but those that an answer explained:
 *  - 429: the vendor did nothing, and says so;
 *  - 401: the token had run out; the call is made once more with a new one;
 *  - 503 of Capillary, whose body has the code 503: its table calls that "not now", like 429;
 *  - a whole 200 to a call with several customers: Capillary's failed entries name nobody, so that customers whose
 *    entries cannot be told apart are asked about once more, alone.
 * Any other answer 5xx does not tell whether the vendor acted, and counts as if it had been lost. So do answers cut by a
 * fault, and those cut by a kill: nothing in the record tells the latter from an answer that was read, so that an
 * answer to one customer always counts. A single one ends the step unless it was lost.
 */
function unexplained(step, receptions) {
  const explained = { 'billing.forget': [429], 'mention_me.purge': [401, 429] }[step.step] ?? [401, 429, 503];
  return receptions.filter(({ status, fault, customers }) => !explained.includes(status) && !(status === 200 && customers > 1 && !broken.has(fault)));
}

/** Effects at the vendors, as `happened(step, who)`. */
function effects(state) {
  const earns = new Set(state.revoked_earns.filter((e) => e.promotion === promotion).map((e) => String(e.entity_id)));
  const enrolments = new Set(state.revoked_enrolments.filter((e) => e.promotion === promotion).map((e) => String(e.entity_id)));
  return (step, who) => {
    switch (step.step) {
      case 'mention_me.lapse': return `email:${who.email}` in state.lapsed;
      case 'mention_me.purge': return `email:${who.email}` in state.purged;
      // By mobile only the vendor knows the customer's number; a step that succeeded tells it.
      case 'capillary.revoke_earn': return earns.has(String(who.capillary_id ?? step.vendor?.entity_id));
      case 'capillary.revoke_enrol': return enrolments.has(String(who.capillary_id ?? step.vendor?.entity_id));
      case 'capillary.delink': return `mobile:${who.mobile} ${step.target.partner_program}` in state.delinked;
      default: return `customer_id:${who.billing_customer_id}` in state.forgotten;
    }
  };
}

/** Every order is settled by now. Returns figures of what was judged, for whoever wants to see that it was not nothing. */
export function judge(orders, record, state) {
  const happened = effects(state);
  const faults = [];
  const figures = { operations: 0, customers: 0, unknown: 0, failed: 0, repeated: 0, erasures: 0, erasures_twice: 0 };
  for (const order of orders) {
    if (!order.abandoned) ++figures.operations;
    order.request.customers.forEach(({ identifiers }, c) => {
      if (order.abandoned) {
        // Refused with a 5xx, and left at that: no vendor may ever have heard of them.
        for (const value of Object.values(identifiers)) {
          for (const call of ['lapse', 'purge', 'REVOKE_EARN', 'forget']) assert.equal(record.of(`${call} ${value}`).length, 0, `${order.key}: refused, and yet sent`);
        }
        return;
      }
      ++figures.customers;
      try {
        customer(order, c, identifiers, { record, happened, figures });
      } catch (fault) {
        faults.push(fault.message);
      }
    });
  }
  assert.equal(faults.length, 0, `${faults.length} customers:\n${faults.slice(0, 5).join('\n')}`);
  return figures;
}

function customer(order, c, who, { record, happened, figures }) {
  const { steps } = order.last.customers[c];
  const of = new Map(steps.map((step) => [step, record.of(keyOf(step, who))]));
  const say = (step, text) => {
    const seen = of.get(step).map(({ seq, status, fault, customers }) => `\n  call ${seq} of process ${record.ends.findIndex((end) => seq <= end)}: ${status} ${fault} for ${customers}`);
    return `${order.id} customer ${c} (gate ${order.gate}) ${step.step} ${step.status}/${step.code}, ${step.attempts} attempts: ${text}${seen.join('')}`;
  };
  for (const step of steps) {
    const receptions = of.get(step);
    if (receptions.length > 1) ++figures.repeated;
    if (step.status in figures) ++figures[step.status];
    assert.notEqual(step.status, 'pending', say(step, 'not settled'));
    if (ok.has(step.status)) assert.ok(receptions.length > 0, say(step, 'no vendor was ever asked'));
    if (step.status === 'skipped' || step.status === 'cancelled') assert.equal(receptions.length, 0, say(step, 'was sent'));
    // A vendor that does it and answers 5xx has said that it failed; only what may not be repeated freely is in doubt then.
    const misled = !once.has(step.step) && receptions.some(({ status }) => status >= 500);
    if (step.status === 'failed' && !misled) assert.ok(!happened(step, who), say(step, 'the vendor did it'));
    const traceable = who.capillary_id || !step.step.startsWith('capillary.revoke') || step.vendor?.entity_id;
    if (ok.has(step.status) && step.status !== 'absent' && traceable) assert.ok(happened(step, who), say(step, 'the vendor did nothing'));
    if (once.has(step.step)) {
      assert.ok(unexplained(step, receptions).length <= 2, say(step, 'sent more than once again after answers that were lost'));
    }
    if (once.has(step.step) && receptions.length > 0) ++figures.erasures;
    if (once.has(step.step) && receptions.length > 1) ++figures.erasures_twice;
  }
  // The gates, by the order in which the vendors received things, over all crashes.
  const others = steps.filter((s) => !once.has(s.step));
  for (const erasing of steps.filter((s) => once.has(s.step))) {
    if (order.gate !== 'none') behind(erasing, others, order.gate === 'all_ok');
  }
  const enrol = steps.find((s) => s.step === 'capillary.revoke_enrol');
  if (enrol) behind(enrol, steps.filter((s) => s.step === 'capillary.revoke_earn'), true);

  /** Whatever was received of `gated` came after everything of the steps before it. */
  function behind(gated, before, all_ok) {
    const [first] = of.get(gated);
    if (!first) return;
    for (const step of before) {
      for (const { seq } of of.get(step)) assert.ok(seq < first.seq, say(gated, `was sent before ${step.step} had settled`));
      if (all_ok) assert.ok(ok.has(step.status) || (step.status === 'skipped' && !step.blocked_by), say(gated, `was sent behind ${step.step} ${step.status}`));
    }
  }
}
