#include "offboard/api/render.hpp"
#include "offboard/domain/remains.hpp"
#include "offboard/domain/vendor_rules.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace json = boost::json;

namespace offboard::api {

namespace {

json::object identifier_of(const identifier& who, const json::storage_ptr& memory) {
    json::object out(memory);
    out["type"] = to_string(who.kind);
    if (!who.value.empty()) out["value"] = who.value; // the journal erases values and keeps types
    return out;
}

json::object target_of(const promotion& p, const json::storage_ptr& memory) {
    json::object out(memory);
    out["program_id"] = p.program_id;
    if (!p.promotion_id.empty())
        out["promotion_id"] = p.promotion_id;
    else
        out["promo_identifier"] = p.promo_identifier;
    return out;
}

json::object vendor_of(const vendor_detail& v, const json::storage_ptr& memory) {
    json::object out(memory);
    if (v.code) out["code"] = *v.code;
    if (!v.message.empty()) out["message"] = v.message;
    if (!v.reason.empty()) out["reason"] = v.reason;
    if (v.entity_id) out["entity_id"] = *v.entity_id;
    if (!v.revoked_earn_ids.empty()) {
        json::array ids(memory);
        for (const std::int64_t id : v.revoked_earn_ids)
            ids.push_back(id);
        out["revoked_earn_ids"] = std::move(ids);
    }
    if (v.revoked_issual_id) out["revoked_issual_id"] = *v.revoked_issual_id;
    if (!v.absent_by.empty()) {
        json::array kinds(memory);
        for (const identifier_kind by : v.absent_by)
            kinds.push_back(json::value(to_string(by), memory));
        out["absent_by"] = std::move(kinds);
    }
    return out;
}

/// The identifier that the step's outcome is about: where the vendor did not find the customer by one, the
/// next one that was asked about, or the last.
const identifier& shown_identifier(const operation& op, const step& s) {
    const auto& asked = s.outcome.vendor.absent_by;
    if (asked.empty()) return *s.who;
    const customer& c = op.what.customers[s.customer];
    const identifier* found = identifier_for(c, s.action, asked);
    if (!found) found = c.find(asked.back());
    return found ? *found : *s.who;
}

json::object step_of(const operation& op, const step& s, const engine::waiting_view& waiting,
                     const json::storage_ptr& memory) {
    json::object out(memory);
    out.reserve(11);
    out["step"] = to_string(s.action);
    out["status"] = to_string(s.outcome.status);
    out["code"] = to_string(s.outcome.code);
    if (s.outcome.status == step_status::failed || s.outcome.status == step_status::unknown)
        out["retryable"] = s.outcome.retryable;
    if (s.who) out["identifier"] = identifier_of(shown_identifier(op, s), memory);
    switch (rule_of(s.action).target) {
    case target_kind::none: break;
    case target_kind::promotion: out["target"] = target_of(op.what.plan.revoke[s.target], memory); break;
    case target_kind::partner_program: {
        json::object target(memory);
        target["partner_program"] = op.what.plan.partner_programs[s.target];
        out["target"] = std::move(target);
        break;
    }
    }
    if (!s.outcome.vendor.empty()) out["vendor"] = vendor_of(s.outcome.vendor, memory);
    if (!s.blocked_by.empty()) {
        json::array names(memory);
        for (const action a : s.blocked_by)
            names.push_back(json::value(to_string(a), memory));
        out["blocked_by"] = std::move(names);
    }
    out["attempts"] = s.attempts;
    const engine::waiting_view::answer wait = waiting.of(s);
    if (wait.what != engine::waiting_for::nothing) out["waiting_for"] = engine::to_string(wait.what);
    if (wait.next_attempt_at) out["next_attempt_at"] = to_rfc3339(*wait.next_attempt_at);
    return out;
}

json::object summary_of(const summary& counted, const json::storage_ptr& memory) {
    json::object out(memory);
    out["customers"] = counted.customer_count;
    for (const progress p : all_progress)
        out[to_string(p)] = counted.customers[static_cast<std::size_t>(p)];
    json::object steps(memory);
    for (const step_status s :
         {step_status::succeeded, step_status::accepted, step_status::absent, step_status::skipped,
          step_status::failed, step_status::unknown, step_status::pending, step_status::cancelled})
        steps[to_string(s)] = counted.steps[static_cast<std::size_t>(s)];
    out["steps"] = std::move(steps);
    return out;
}

/// As JSON text: nothing in it is of a caller or of a vendor, so nothing has to be escaped.
std::string remains_of(const operation& op, const std::bitset<vendor_count>& configured) {
    std::string out = "[";
    for (const remainder& r : what_remains(op, configured)) {
        if (out.size() > 1) out += ',';
        out.append(R"({"vendor":")").append(to_string(r.vendor)).append(R"(","holds":")").append(r.holds);
        out.append(R"(","because":")").append(r.because).append(R"("})");
    }
    return out += ']';
}

/// Appends the customer as an element of `customers`.
void add_customer(std::string& to, const operation& op, std::size_t c, const engine::waiting_view& waiting) {
    // Everything of one customer lives and dies together.
    unsigned char first[16 << 10];
    json::monotonic_resource memory(first, sizeof first);
    const json::storage_ptr in(&memory);
    json::object who(in);
    if (!op.what.customers[c].ref.empty()) who["ref"] = op.what.customers[c].ref;
    who["index"] = c;
    who["status"] = to_string(progress_of(op, c));
    const auto [from, end] = op.steps_of(c);
    json::array steps(in);
    steps.reserve(end - from);
    for (std::size_t i = from; i < end; ++i)
        steps.push_back(step_of(op, op.steps[i], waiting, in));
    who["steps"] = std::move(steps);
    if (!to.empty()) to += ',';
    to += json::serialize(who);
}

/// The members before the list that ends an object, without its last brace.
std::string opened(const json::object& o) {
    std::string out = json::serialize(o);
    out.pop_back();
    return out;
}

} // namespace

rendering::rendering(std::shared_ptr<const operation> op, const surroundings& around)
    : op_(std::move(op)), around_(around), settled_before_(op_->settled_at) {
    constexpr std::size_t about_a_step = 192;
    customers_.reserve(op_->steps.size() * about_a_step);
}

bool rendering::go_on(std::size_t steps) {
    const std::size_t all = op_->what.customers.size();
    for (std::size_t done = 0; done < steps && counted_.customer_count < all;) {
        const std::size_t c = counted_.customer_count;
        const auto [from, end] = op_->steps_of(c);
        done += std::max<std::size_t>(end - from, 1);
        counted_.add(*op_, c);
        add_customer(customers_, *op_, c, around_.waiting);
    }
    return counted_.customer_count < all;
}

// What was settled at the first part and was opened again meanwhile may be shown as settled throughout.
std::optional<wall_time> rendering::settled_at() const noexcept {
    return settled_before_ ? settled_before_ : op_->settled_at;
}

progress rendering::state() const noexcept {
    // Settled is what the journal has: until it has the end, the operation is pending.
    return settled_at() ? progress_of(counted_) : progress::pending;
}

std::string rendering::take() {
    json::object body;
    body["id"] = op_->id;
    body["status"] = to_string(state());
    if (!op_->what.plan_name.empty()) body["plan"] = op_->what.plan_name;
    if (!op_->caller.empty()) body["requested_by"] = op_->caller;
    body["created_at"] = to_rfc3339(op_->created_at);
    if (state() != progress::pending) body["settled_at"] = to_rfc3339(*settled_at());
    body["summary"] = summary_of(counted_, {});
    std::string head = opened(body);
    head.append(",\"remains\":").append(remains_of(*op_, around_.configured)).append(",\"customers\":[");
    customers_.insert(0, head);
    customers_ += "]}";
    return std::move(customers_);
}

std::bitset<vendor_count> configured_in(const config::settings& settings) {
    std::bitset<vendor_count> out;
    for (const vendor v : all_vendors)
        out.set(static_cast<std::size_t>(v), settings.of(v).has_value());
    return out;
}

std::string render_found(const operation& op, const std::bitset<vendor_count>& configured) {
    json::object out;
    out["id"] = op.id;
    out["status"] = to_string(op.settled_at ? progress_of(recount(op)) : progress::pending);
    if (!op.what.plan_name.empty()) out["plan"] = op.what.plan_name;
    if (!op.caller.empty()) out["requested_by"] = op.caller;
    out["created_at"] = to_rfc3339(op.created_at);
    if (op.settled_at) out["settled_at"] = to_rfc3339(*op.settled_at);
    std::string text = opened(out);
    return text.append(",\"remains\":").append(remains_of(op, configured)).append("}");
}

std::string render_lookup(const std::vector<std::string>& found) {
    std::string out = R"({"operations":[)";
    for (const std::string& one : found) {
        if (&one != &found.front()) out += ',';
        out += one;
    }
    return out += "]}";
}

std::optional<std::string> render_dry_run(const offboarding& what,
                                          const std::vector<engine::planned_call>& calls,
                                          const config::settings& settings) {
    json::object body;
    body["dry_run"] = true;
    if (!what.plan_name.empty()) body["plan"] = what.plan_name;
    std::string text = opened(body) + R"(,"calls":[)";
    for (const engine::planned_call& call : calls) {
        json::object out;
        out["step"] = call.step;
        out["method"] = call.request.method;
        out["url"] = settings.of(call.to)->base_url.text + call.request.target;
        out["customers"] = call.customers;
        if (&call != &calls.front()) text += ',';
        text += opened(out);
        text += R"(,"body":)";
        // A form travels as its encoded text; what is JSON already stands as it is.
        const bool is_json = rule_of(call.to).body == body_format::json && !call.request.body.empty();
        text += is_json ? call.request.body : json::serialize(json::value(call.request.body));
        text += '}';
        if (text.size() > longest_dry_run) return std::nullopt;
    }
    return text += "]}";
}

} // namespace offboard::api
