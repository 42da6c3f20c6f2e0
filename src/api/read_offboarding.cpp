#include "offboard/api/read_offboarding.hpp"

#include "offboard/base/nearest.hpp"

#include <algorithm>
#include <unordered_set>

namespace offboard::api {

namespace {

using kind = document::kind;

constexpr std::size_t longest_ref = 128;
constexpr std::size_t most_earn_ids = 1000;

std::string read_ref(const document& d, const std::string& where, fault_list& faults) {
    if (!expect(d, kind::string, where, faults)) return {};
    const std::string& text = d.text();
    const auto characters =
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    if (text.empty() || characters > static_cast<std::ptrdiff_t>(longest_ref))
        faults.add(where, "must have 1 to 128 characters");
    // It outlives the person's identifiers in logs of others and in answers: it must be none of them.
    if (text.find('@') != std::string::npos)
        faults.add(where, "must not contain @: it is the caller's own word, and no e-mail address");
    return text;
}

/// A text, or a whole number kept with every digit.
std::string read_value(identifier_kind what, const document& d, const std::string& where,
                       fault_list& faults) {
    std::string value = d.text();
    if (d.is(kind::number)) {
        const bool whole = std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
        if (!whole) {
            faults.add(where, "as a number must be whole and not negative");
            return {};
        }
    } else if (!d.is(kind::string)) {
        faults.add(where, "must be a string or a number");
        return {};
    }
    if (what == identifier_kind::mobile && value.starts_with('+')) value.erase(0, 1);
    if (const std::string_view fault = identifier_fault(what, value); !fault.empty())
        faults.add(where, std::string(fault));
    return value;
}

std::vector<identifier> read_identifiers(const document& d, const std::string& where, fault_list& faults) {
    std::vector<identifier> out;
    if (!expect(d, kind::object, where, faults)) return out;
    check_members(d,
                  {"email", "mobile", "mention_me_customer_id", "capillary_id", "external_id",
                   "billing_customer_id", "billing_subscription_id", "billing_order_id"},
                  where, faults);
    for (const auto what : all_identifier_kinds) {
        const auto name = to_string(what);
        if (const document* value = d.find(name))
            out.push_back({what, read_value(what, *value, pointer_to(where, name), faults)});
    }
    return out;
}

std::vector<std::int64_t> read_earn_ids(const document& d, const std::string& where, fault_list& faults) {
    std::vector<std::int64_t> out;
    if (!expect(d, kind::array, where, faults)) return out;
    // An empty list must never reach the vendor, where it may well mean every earn.
    if (d.elements().empty() || d.elements().size() > most_earn_ids)
        faults.add(where, "must have 1 to 1000 elements");
    const std::size_t count = std::min(d.elements().size(), most_earn_ids);
    out.reserve(count);
    std::unordered_set<std::int64_t> seen;
    seen.reserve(count);
    for (std::size_t i = 0; i < count && !faults.full(); ++i) {
        const auto id = d.elements()[i].as_int();
        if (!id || *id <= 0)
            faults.add(pointer_to(where, i), "must be a positive whole number");
        else if (!seen.insert(*id).second)
            faults.add(pointer_to(where, i), "is listed twice");
        else
            out.push_back(*id);
    }
    // The order means nothing; sorted, equal lists are equal.
    std::ranges::sort(out);
    return out;
}

customer read_customer(const document& d, const std::string& where, fault_list& faults) {
    customer out;
    if (!expect(d, kind::object, where, faults)) return out;
    check_members(d, {"ref", "identifiers", "source", "earn_ids"}, where, faults);
    if (const document* ref = d.find("ref")) out.ref = read_ref(*ref, pointer_to(where, "ref"), faults);
    const std::string identifiers = pointer_to(where, "identifiers");
    if (const document* ids = d.find("identifiers"))
        out.identifiers = read_identifiers(*ids, identifiers, faults);
    else
        faults.add(identifiers, "is required");
    if (const document* source = d.find("source")) {
        const auto known = source->is(kind::string) ? capillary_source(source->text()) : std::nullopt;
        if (known)
            out.source = *known;
        else
            faults.add(pointer_to(where, "source"), "is not a source the vendor knows");
    }
    if (const document* earns = d.find("earn_ids"))
        out.earn_ids = read_earn_ids(*earns, pointer_to(where, "earn_ids"), faults);
    return out;
}

void read_customers(const document& body, offboarding& out, fault_list& faults) {
    const document* customers = body.find("customers");
    if (!customers) return faults.add("/customers", "is required");
    if (!expect(*customers, kind::array, "/customers", faults)) return;
    const auto& list = customers->elements();
    if (list.empty() || list.size() > most_customers)
        return faults.add("/customers", "must have 1 to 1000 customers");
    std::unordered_set<std::string> refs;
    for (std::size_t i = 0; i < list.size() && !faults.full(); ++i) {
        const std::string where = pointer_to("/customers", i);
        out.customers.push_back(read_customer(list[i], where, faults));
        const std::string& ref = out.customers.back().ref;
        if (!ref.empty() && !refs.insert(ref).second)
            faults.add(pointer_to(where, "ref"), "is another customer's too");
    }
}

/// What was asked for is not repeated; the plans of the configuration are no secret to its callers.
std::string unknown_plan(const document& name, const config::settings& settings) {
    std::vector<std::string_view> known;
    for (const auto& [each, plan] : settings.plans)
        known.push_back(each);
    std::string out = "is not a plan of this gateway's configuration";
    const auto close = nearest(name.text(), known);
    if (close) out += ": the nearest is " + std::string(*close);
    return out;
}

/// The plan by name, from `steps`, or the default; null when there is none to go by.
std::optional<plan> read_what(const document& body, const config::settings& settings, offboarding& out,
                              fault_list& faults) {
    const document* name = body.find("plan");
    const document* steps = body.find("steps");
    if (name && steps) {
        faults.add("/steps", "cannot stand beside plan");
        return std::nullopt;
    }
    if (steps) {
        const std::size_t before = faults.all().size();
        plan read = read_plan(*steps, "/steps", faults);
        for (const vendor v : all_vendors)
            if (read.uses(v) && !settings.of(v))
                faults.add(pointer_to("/steps", to_string(v)),
                           "has no section in this gateway's configuration");
        if (faults.all().size() == before) return read;
        return std::nullopt;
    }
    if (name && !expect(*name, kind::string, "/plan", faults)) return std::nullopt;
    out.plan_name = name ? name->text() : settings.default_plan;
    const auto at = settings.plans.find(out.plan_name);
    if (at != settings.plans.end()) return at->second;
    faults.add("/plan", name ? unknown_plan(*name, settings) : "is required: there is no default plan");
    return std::nullopt;
}

/// The kinds of identifier that would do, as a sentence about the step.
std::string needs(action a) {
    std::string text = std::string(to_string(a)) + " needs one of ";
    const auto kinds = rule_of(a).identifiers;
    for (const auto k : kinds)
        text += (k == kinds.front() ? "" : ", ") + std::string(to_string(k));
    return text;
}

void check_identifiers(const offboarding& what, fault_list& faults) {
    const std::bitset<action_count> used = what.plan.actions();
    for (std::size_t c = 0; c < what.customers.size() && !faults.full(); ++c)
        for (const action a : all_actions)
            if (used.test(static_cast<std::size_t>(a)) && !identifier_for(what.customers[c], a))
                faults.add(pointer_to(pointer_to("/customers", c), "identifiers"), needs(a));
}

/// The parts have their bounds; this is the product's, before anything is made of it.
void check_size(const offboarding& what, fault_list& faults) {
    const std::size_t steps = steps_of(what);
    const auto figures = [](std::size_t n, std::size_t most) {
        return std::to_string(n) + ", and an operation may have " + std::to_string(most);
    };
    if (steps > most_steps)
        faults.add("/customers", "with this plan the steps are " + figures(steps, most_steps) +
                                     ": send fewer customers at a time");
    else if (const std::size_t weight = weight_of(what); weight > most_weight)
        faults.add("/customers",
                   "with this plan the weight (steps, and each 25 earn_ids of a promotion as one "
                   "more) is " +
                       figures(weight, most_weight) + ": send fewer customers or earn_ids at a time");
}

} // namespace

offboarding read_offboarding(const document& body, const config::settings& settings, fault_list& faults) {
    offboarding out;
    if (!expect(body, kind::object, "", faults)) return out;
    check_members(body, {"plan", "steps", "customers", "options"}, "", faults);
    auto chosen = read_what(body, settings, out, faults);
    options asked;
    if (const document* o = body.find("options")) asked = read_options(*o, "/options", faults);
    read_customers(body, out, faults);
    if (!chosen) return out;
    out.plan = std::move(*chosen);

    const options& standard = out.plan.defaults;
    const auto pick = [](const auto& first, const auto& second, auto otherwise) {
        return first ? *first : second ? *second : otherwise;
    };
    out.gate = pick(asked.erase_gate, standard.erase_gate, erase_gate::all_ok);
    out.dry_run = pick(asked.dry_run, standard.dry_run, false);
    const auto missing =
        pick(asked.missing_identifier, standard.missing_identifier, missing_identifier::reject);
    out.absent = pick(asked.absent, standard.absent, absent_rule::ok);
    if (missing == missing_identifier::reject) check_identifiers(out, faults);
    check_size(out, faults);
    return out;
}

identifier read_lookup(const document& body, fault_list& faults) {
    identifier out{identifier_kind::external_id, {}};
    if (!expect(body, kind::object, "", faults)) return out;
    check_members(body, {"identifier"}, "", faults);
    const document* who = body.find("identifier");
    if (!who) {
        faults.add("/identifier", "is required");
        return out;
    }
    if (!expect(*who, kind::object, "/identifier", faults)) return out;
    check_members(*who, {"type", "value"}, "/identifier", faults);
    const document* type = who->find("type");
    const document* value = who->find("value");
    if (!type) {
        faults.add("/identifier/type", "is required");
    } else if (expect(*type, kind::string, "/identifier/type", faults)) {
        const auto known = identifier_kind_from(type->text());
        if (known)
            out.kind = *known;
        else
            faults.add("/identifier/type", "is not a kind of identifier");
    }
    // Of no known kind, the value is held to what holds for all of them: a kind without a shape of its own.
    if (value)
        out.value = read_value(out.kind, *value, "/identifier/value", faults);
    else
        faults.add("/identifier/value", "is required");
    return out;
}

} // namespace offboard::api
