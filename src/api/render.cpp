#include "offboard/api/render.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

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
        for (const identifier_kind kind : v.absent_by)
            kinds.push_back(json::string(to_string(kind), memory));
        out["absent_by"] = std::move(kinds);
    }
    return out;
}

json::object step_of(const operation& op, const step& s, const json::storage_ptr& memory) {
    json::object out(memory);
    out.reserve(9);
    out["step"] = to_string(s.action);
    out["status"] = to_string(s.outcome.status);
    out["code"] = s.outcome.code;
    if (s.outcome.status == step_status::failed || s.outcome.status == step_status::unknown)
        out["retryable"] = s.outcome.retryable;
    if (s.who) out["identifier"] = identifier_of(*s.who, memory);
    if (s.action == action::revoke_earn || s.action == action::revoke_enrol) {
        out["target"] = target_of(op.what.plan.revoke[s.target], memory);
    } else if (s.action == action::delink) {
        json::object target(memory);
        target["partner_program"] = op.what.plan.partner_programs[s.target];
        out["target"] = std::move(target);
    }
    if (!s.outcome.vendor.empty()) out["vendor"] = vendor_of(s.outcome.vendor, memory);
    if (!s.blocked_by.empty()) {
        json::array names(memory);
        for (const action a : s.blocked_by)
            names.push_back(json::value(to_string(a), memory));
        out["blocked_by"] = std::move(names);
    }
    out["attempts"] = s.attempts;
    return out;
}

json::object summary_of(const summary& counted, const json::storage_ptr& memory) {
    json::object out(memory);
    out["customers"] = counted.customer_count;
    for (const progress p : {progress::ok, progress::partial, progress::failed, progress::pending})
        out[to_string(p)] = counted.customers[static_cast<std::size_t>(p)];
    json::object steps(memory);
    for (const step_status s :
         {step_status::succeeded, step_status::accepted, step_status::absent, step_status::skipped,
          step_status::failed, step_status::unknown, step_status::pending, step_status::cancelled})
        steps[to_string(s)] = counted.steps[static_cast<std::size_t>(s)];
    out["steps"] = std::move(steps);
    return out;
}

} // namespace

std::string render(const operation& op) {
    // Everything of one answer lives and dies together.
    unsigned char first[16 << 10];
    json::monotonic_resource memory(first, sizeof first);
    const json::storage_ptr in(&memory);

    const summary counted = recount(op);
    json::object body(in);
    body.reserve(8);
    body["id"] = op.id;
    // Settled is what the journal has: until it has the end, the operation is pending.
    body["status"] = to_string(op.settled_at ? progress_of(counted) : progress::pending);
    if (!op.what.plan_name.empty()) body["plan"] = op.what.plan_name;
    body["created_at"] = to_rfc3339(op.created_at);
    if (op.settled_at) body["settled_at"] = to_rfc3339(*op.settled_at);
    body["summary"] = summary_of(counted, in);
    json::array customers(in);
    customers.reserve(op.what.customers.size());
    for (std::size_t c = 0; c < op.what.customers.size(); ++c) {
        json::object who(in);
        if (!op.what.customers[c].ref.empty()) who["ref"] = op.what.customers[c].ref;
        who["index"] = c;
        who["status"] = to_string(progress_of(op, c));
        const auto [from, to] = op.steps_of(c);
        json::array steps(in);
        steps.reserve(to - from);
        for (std::size_t i = from; i < to; ++i)
            steps.push_back(step_of(op, op.steps[i], in));
        who["steps"] = std::move(steps);
        customers.push_back(std::move(who));
    }
    body["customers"] = std::move(customers);
    return json::serialize(body);
}

std::string render_lookup(const std::vector<std::shared_ptr<const operation>>& operations) {
    json::object body;
    json::array& list = body["operations"].emplace_array();
    for (const auto& op : operations) {
        json::object out;
        out["id"] = op->id;
        out["status"] = to_string(op->settled_at ? progress_of(recount(*op)) : progress::pending);
        if (!op->what.plan_name.empty()) out["plan"] = op->what.plan_name;
        out["created_at"] = to_rfc3339(op->created_at);
        if (op->settled_at) out["settled_at"] = to_rfc3339(*op->settled_at);
        list.push_back(std::move(out));
    }
    return json::serialize(body);
}

std::string render_dry_run(const offboarding& what, const std::vector<dispatch::planned_call>& calls,
                           const config::settings& settings) {
    json::object body;
    body["dry_run"] = true;
    if (!what.plan_name.empty()) body["plan"] = what.plan_name;
    json::array& list = body["calls"].emplace_array();
    for (const dispatch::planned_call& call : calls) {
        json::object out;
        out["step"] = call.step;
        out["method"] = call.request.method;
        out["url"] = settings.of(call.to)->base_url.text + call.request.target;
        out["customers"] = call.customers;
        boost::system::error_code not_json;
        json::value parsed;
        if (call.to != vendor::billing) parsed = json::parse(call.request.body, not_json);
        // A form travels as its encoded text.
        out["body"] =
            call.to == vendor::billing || not_json ? json::value(call.request.body) : std::move(parsed);
        list.push_back(std::move(out));
    }
    return json::serialize(body);
}

} // namespace offboard::api
