#include "offboard/engine/batching.hpp"

#include "offboard/domain/action_rules.hpp"
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <list>
#include <map>

namespace offboard::engine {

namespace {

// Separates the parts of a key; no identifier contains a control character.
constexpr char bar = '\x1f';

std::string_view source_of(const customer& c, std::string_view standard) {
    return c.source.empty() ? standard : std::string_view(c.source);
}

bool names_earns(const operation& op, const step& s) {
    return rule_of(s.action).earns == earns::may_be_named && !op.what.customers[s.customer].earn_ids.empty();
}

bool holds_one_customer(action a) {
    return rule_of(a).sharing == sharing::one_customer;
}

/// A delink queued holds every programme of its customer; on the wire each programme is a place of its own.
std::vector<lane_queue::place> by_programme(lane_queue::place queued, std::vector<queued_step>& left_over) {
    std::vector<lane_queue::place> out;
    for (queued_step& a : queued.items) {
        const std::string& name = a.op->what.plan.partner_programs[a.what().target];
        auto at = std::find_if(out.begin(), out.end(),
                               [&](const lane_queue::place& p) { return p.dedup_key == name; });
        if (at == out.end()) {
            if (out.size() == most_partner_programs) {
                left_over.push_back(std::move(a));
                continue;
            }
            out.push_back({name, queued.identity, {}});
            at = std::prev(out.end());
        }
        at->items.push_back(std::move(a));
    }
    return out;
}

} // namespace

lane_key lane_of(const operation& op, const step& s) {
    lane_key key;
    key.what = s.action;
    key.text = to_string(s.action);
    const auto part = [&](std::string_view text) { (key.text += bar) += text; };
    switch (rule_of(s.action).sharing) {
    case sharing::customers:
    case sharing::one_customer: break;
    case sharing::one_promotion:
        key.promo = op.what.plan.revoke[s.target];
        key.kind = s.who->kind;
        part(std::to_string(key.promo.program_id));
        part(key.promo.promotion_id);
        part(key.promo.promo_identifier);
        part(to_string(key.kind));
        // Successes name the customer by entityId only. By mobile or email it would not be known whose earns
        // were revoked, and a repeat of what had been done would look like success.
        key.one_customer = names_earns(op, s) && key.kind != identifier_kind::capillary_id;
        if (key.one_customer) part("alone");
        break;
    case sharing::same_kept_fields:
        key.keep = op.what.plan.keep;
        for (const std::string& field : key.keep)
            part(field);
        break;
    }
    return key;
}

place_keys place_keys_of(const operation& op, const step& s, std::string_view source) {
    place_keys out;
    out.identity = std::string(to_string(s.who->kind)) + bar + s.who->value;
    out.dedup_key = out.identity;
    const customer& c = op.what.customers[s.customer];
    if (rule_of(s.action).target == target_kind::promotion) (out.dedup_key += bar) += source_of(c, source);
    if (names_earns(op, s)) {
        // Not the ids themselves: each promotion's step of a customer would keep them all.
        std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
        ::SHA256(reinterpret_cast<const unsigned char*>(c.earn_ids.data()),
                 c.earn_ids.size() * sizeof(std::int64_t), digest.data());
        (out.dedup_key += bar).append(reinterpret_cast<const char*>(digest.data()), digest.size());
    }
    return out;
}

vendors::place place_of(const queued_step& a, std::string_view source) {
    const step& s = a.what();
    const customer& c = a.op->what.customers[s.customer];
    vendors::place p;
    p.who = *s.who;
    if (names_earns(*a.op, s)) p.earn_ids = c.earn_ids;
    switch (rule_of(s.action).target) {
    case target_kind::none: break;
    case target_kind::promotion: p.source = source_of(c, source); break;
    case target_kind::partner_program: p.partner_program = a.op->what.plan.partner_programs[s.target]; break;
    }
    return p;
}

namespace {

/// Null when there are several.
const operation* only_operation(const lane_queue::group& places) {
    const operation* found = nullptr;
    for (const lane_queue::place& p : places) {
        for (const queued_step& a : p.items) {
            if (found && found != a.op.get()) return nullptr;
            found = a.op.get();
        }
    }
    return found;
}

} // namespace

wire_call pack(const lane_key& key, lane_queue::group call, std::string_view source) {
    wire_call out;
    out.batch.what = key.what;
    out.batch.promo = key.promo;
    out.batch.keep = key.keep;
    if (holds_one_customer(key.what)) {
        for (lane_queue::place& queued : call)
            std::ranges::move(by_programme(std::move(queued), out.left_over), std::back_inserter(out.places));
    } else {
        out.places = std::move(call);
    }
    for (const lane_queue::place& p : out.places) {
        vendors::place place = place_of(p.items.front(), source);
        place.acted_before =
            std::ranges::any_of(p.items, [](const queued_step& a) { return a.what().history.acted_before; });
        out.batch.places.push_back(std::move(place));
    }
    if (const operation* const one = only_operation(out.places)) out.sole_operation = one->id;
    return out;
}

lane_queue::group as_queued(const lane_key& key, lane_queue::group places) {
    if (!holds_one_customer(key.what) || places.empty()) return places;
    for (std::size_t i = 1; i < places.size(); ++i)
        std::ranges::move(places[i].items, std::back_inserter(places.front().items));
    places.resize(1);
    places.front().dedup_key = places.front().identity;
    return places;
}

std::size_t customers_in(const vendors::batch& b) noexcept {
    return holds_one_customer(b.what) ? 1 : b.places.size();
}

std::vector<planned_call> dry_run(const std::shared_ptr<operation>& op, const shapes& by_vendor) {
    struct lane {
        lane_key key;
        lane_queue waiting;
    };
    std::list<lane> lanes; // in the order of the plan
    std::map<std::string, lane*> by_key;
    for (std::uint32_t i = 0; i < op->steps.size(); ++i) {
        const step& s = op->steps[i];
        if (is_settled(s.outcome.status)) continue;
        lane_key key = lane_of(*op, s);
        lane*& at = by_key[key.text];
        if (!at) {
            at = &lanes.emplace_back();
            at->key = std::move(key);
        }
        place_keys place =
            place_keys_of(*op, s, by_vendor[static_cast<std::size_t>(vendor_of(s.action))].source);
        queued_step wanted;
        wanted.op = op;
        wanted.step = i;
        at->waiting.push(op->id, std::move(place.dedup_key), std::move(place.identity), std::move(wanted));
    }
    std::vector<planned_call> calls;
    for (auto& [key, waiting] : lanes) {
        const vendor to = vendor_of(key.what);
        const shape& form = by_vendor[static_cast<std::size_t>(to)];
        while (!waiting.empty()) {
            lane_queue::group call = waiting.take(form.cap_of(key));
            planned_call planned;
            planned.step = to_string(key.what);
            planned.to = to;
            planned.customers = call.size();
            planned.request = vendors::encode(pack(key, std::move(call), form.source).batch, form.wire);
            calls.push_back(std::move(planned));
        }
    }
    return calls;
}

} // namespace offboard::engine
