// Who is offboarded in the crash test, and what for: everything drawn from one seeded generator.

/** A small generator (mulberry32): the same seed, the same run of numbers. */
export function seeded(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    int: (below) => Math.floor(next() * below),
    chance: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)],
  };
}

const promotion = { program_id: 2714, promotion_id: '202779', kind: 'enrol_and_issue' };
const capillary = { revoke: [promotion], delink: { partner_programs: ['1stProgram', 'p3e1'] } };
export const plans = {
  lapse: { mention_me: { lapse: {} } },
  revoke_delink: { capillary },
  lapse_forget: { mention_me: { lapse: {} }, billing: { forget: {} } },
  purge: { mention_me: { lapse: {}, purge: {} }, billing: { forget: {} } },
  everything: { mention_me: { lapse: {}, purge: {} }, capillary, billing: { forget: { keep: ['country'] } } },
};

/** Makes requests about persons whom no other request names. */
export class People {
  constructor(random) {
    this.random = random;
    this.serial = 0;
    // Seven digits of the run, six of the person, and a last one that means nothing special to the sandbox.
    this.run = String(7_700_000 + random.int(100_000));
    this.trace = new RegExp(`${this.run}\\d{6}7`); // stands in every identifier of the run, and nowhere else
  }

  person() {
    const digits = `${this.run}${String(++this.serial).padStart(6, '0')}7`;
    const everything = { email: `c${digits}@crash.example.com`, mobile: `9${digits}`, capillary_id: digits, billing_customer_id: digits };
    if (this.random.chance(0.3)) delete everything.capillary_id; // Capillary knows this one by mobile
    return everything;
  }

  /** The next request: its body is kept as text, because a repeat must have the very same bytes. */
  order() {
    const { random } = this;
    const plan = random.pick(['lapse', 'lapse', 'revoke_delink', 'revoke_delink', 'lapse_forget', 'purge', 'everything']);
    const size = random.chance(0.7) ? 1 : 2 + random.int(19);
    const request = { plan, customers: Array.from({ length: size }, () => ({ identifiers: this.person() })) };
    const erase_gate = random.pick([undefined, 'settled', 'none']);
    if (erase_gate) request.options = { erase_gate };
    return {
      request,
      text: JSON.stringify(request),
      key: `crash-${this.serial}-${random.int(1e9)}`,
      gate: erase_gate ?? 'all_ok',
      id: undefined, // of the operation, once an answer told it
      doubtful: false, // some try of it had no answer
      refused: 0, // tries answered 503
      abandoned: false, // refused, and never to be posted again
      seen: [], // steps seen settled, by customer and place
    };
  }
}

/** What goes wrong at the vendors in one round. */
export function mischief(random) {
  const lost = [{ kind: 'cut' }, { kind: 'cut', act: false }, { kind: 'reset' }, { kind: 'truncated' }, { kind: 'cut_mid_body' }, { kind: 'stall' }];
  const told = [{ status: 500 }, { status: 503 }, { status: 500, act: true }, { latency_ms: 150 }, { kind: 'close_after_answer' }];
  const faults = [];
  for (const call of ['lapse', 'purge', 'revoke', 'delink', 'forget']) {
    const own = call === 'forget' ? told : [...told, { kind: 'expire_token' }];
    for (let n = 1 + random.int(5); n > 0; --n) faults.push({ call, skip: random.int(20), ...random.pick(random.chance(0.5) ? lost : own) });
    if (random.chance(0.15)) faults.push({ call, skip: random.int(20), kind: 'rate_limited', retry_after: 1 });
    if (random.chance(0.15)) faults.push({ call, skip: random.int(20), status: 503, times: 8 }); // its breaker opens
  }
  for (const call of ['mention_me_token', 'capillary_token']) {
    if (random.chance(0.4)) faults.push({ call, ...random.pick([...lost, { status: 500 }]) });
  }
  return faults;
}
