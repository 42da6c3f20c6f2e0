#include "record_codec.hpp"

#include "record_reader.hpp"
#include "record_words.hpp"
#include "record_writer.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <utility>

namespace json = boost::json;

namespace offboard::journal {

namespace {

using record::read_word;
using record::reader;
using record::view;
using record::word_of;
using record::writer;

constexpr std::int64_t version = 1;
constexpr std::size_t stack_bytes = 8192; ///< enough for the usual operation of one customer

void write(writer& to, const vendor_detail& v) {
    to.number("code", v.code);
    to.text("message", v.message);
    to.text("reason", v.reason);
    to.number("entity_id", v.entity_id);
    to.numbers("revoked_earn_ids", v.revoked_earn_ids);
    to.number("revoked_issual_id", v.revoked_issual_id);
    to.words("absent_by", v.absent_by);
}

/// How far a step is: the same members in a step and in a change.
template <class Holder>
void write_state(writer& to, const Holder& from) {
    to.word("status", from.outcome.status, step_status::pending);
    to.text("code", word_of(from.outcome.code));
    to.flag("retryable", from.outcome.retryable);
    to.put("vendor", [&](writer& inner) { write(inner, from.outcome.vendor); });
    to.words("blocked_by", from.blocked_by);
    to.number("attempts", from.attempts);
    to.number("lost", from.history.lost);
    to.flag("acted_before", from.history.acted_before);
    to.flag("in_doubt", from.history.in_doubt);
}

void write(writer& to, const promotion& p) {
    to.number("program_id", p.program_id);
    to.text("promotion_id", p.promotion_id);
    to.text("promo_identifier", p.promo_identifier);
    to.word("kind", p.kind, promotion_kind::enrol_and_issue);
}

void write(writer& to, const plan& p) {
    for (const action_rule& rule : all_action_rules)
        if (rule.target == target_kind::none) to.flag(plan_member_of(rule.action), p.has(rule.action));
    to.objects("revoke", p.revoke, [](writer& inner, const promotion& each) { write(inner, each); });
    to.texts("partner_programs", p.partner_programs);
    to.texts("keep", p.keep);
    if (p.defaults.erase_gate) to.text("erase_gate", word_of(*p.defaults.erase_gate));
    if (p.defaults.missing_identifier) to.text("missing_identifier", word_of(*p.defaults.missing_identifier));
    if (p.defaults.absent) to.text("absent", word_of(*p.defaults.absent));
    to.flag("dry_run", p.defaults.dry_run);
}

void write(writer& to, const customer& c) {
    to.text("ref", c.ref);
    to.identifiers("identifiers", c.identifiers);
    to.text("source", c.source);
    to.numbers("earn_ids", c.earn_ids);
}

void write(writer& to, const step& s, const offboarding& what) {
    to.text("action", word_of(s.action));
    to.number("customer", s.customer);
    if (s.who) {
        const identifier* same =
            s.customer < what.customers.size() ? what.customers[s.customer].find(s.who->kind) : nullptr;
        if (same != nullptr && same->value == s.who->value)
            to.text("who", word_of(s.who->kind));
        else
            to.identifiers("who", {*s.who});
    }
    to.number("target", s.target);
    write_state(to, s);
}

void write(writer& to, const change& c) {
    to.number("step", c.step);
    write_state(to, c);
}

bool read(const json::value& from, vendor_detail& out) {
    reader r(from);
    r.number("code", out.code);
    r.text("message", out.message);
    r.text("reason", out.reason);
    r.number("entity_id", out.entity_id);
    r.numbers("revoked_earn_ids", out.revoked_earn_ids);
    r.number("revoked_issual_id", out.revoked_issual_id);
    r.list("absent_by", out.absent_by, read_word<identifier_kind>);
    return r.done() && !out.empty();
}

template <class Holder>
void read_state(reader& r, Holder& out) {
    r.word("status", out.outcome.status);
    if (const json::value* code = r.take("code")) {
        const auto known =
            code->is_string() ? outcome_code_from(view(code->get_string())) : std::optional<outcome_code>();
        r.require(known.has_value());
        if (known) out.outcome.code = *known;
    }
    r.flag("retryable", out.outcome.retryable);
    if (const json::value* v = r.take("vendor")) r.require(read(*v, out.outcome.vendor));
    r.list("blocked_by", out.blocked_by, read_word<action>);
    r.number("attempts", out.attempts);
    r.number("lost", out.history.lost);
    r.flag("acted_before", out.history.acted_before);
    r.flag("in_doubt", out.history.in_doubt);
}

bool read(const json::value& from, promotion& out) {
    reader r(from);
    r.number("program_id", out.program_id);
    r.text("promotion_id", out.promotion_id);
    r.text("promo_identifier", out.promo_identifier);
    r.word("kind", out.kind);
    return r.done();
}

bool read(const json::value& from, plan& out) {
    reader r(from);
    for (const action_rule& rule : all_action_rules) {
        if (rule.target != target_kind::none) continue;
        bool wanted = false;
        r.flag(plan_member_of(rule.action), wanted);
        out.set(rule.action, wanted);
    }
    r.list("revoke", out.revoke, [](const json::value& v, promotion& to) { return read(v, to); });
    r.texts("partner_programs", out.partner_programs);
    r.texts("keep", out.keep);
    r.word("erase_gate", out.defaults.erase_gate);
    r.word("missing_identifier", out.defaults.missing_identifier);
    r.word("absent", out.defaults.absent);
    r.flag("dry_run", out.defaults.dry_run);
    return r.done();
}

/// Kind, value, kind, value, …
bool read_pairs(const json::value& from, std::vector<identifier>& out) {
    const json::array* list = from.if_array();
    if (list == nullptr || list->empty() || list->size() % 2 != 0) return false;
    out.reserve(list->size() / 2);
    for (std::size_t i = 0; i < list->size(); i += 2) {
        identifier& to = out.emplace_back();
        const json::string* value = (*list)[i + 1].if_string();
        if (!read_word((*list)[i], to.kind) || value == nullptr) return false;
        to.value.assign(value->data(), value->size());
    }
    return true;
}

bool read(const json::value& from, customer& out) {
    reader r(from);
    r.text("ref", out.ref);
    if (const json::value* pairs = r.take("identifiers")) r.require(read_pairs(*pairs, out.identifiers));
    r.text("source", out.source);
    r.numbers("earn_ids", out.earn_ids);
    return r.done();
}

bool read_who(const json::value& from, const customer& whose, std::optional<identifier>& out) {
    if (identifier_kind kind{}; read_word(from, kind)) {
        const identifier* same = whose.find(kind);
        if (same != nullptr) out = *same;
        return same != nullptr;
    }
    std::vector<identifier> one;
    if (!read_pairs(from, one) || one.size() != 1) return false;
    out = std::move(one.front());
    return true;
}

bool read(const json::value& from, const offboarding& what, step& out) {
    reader r(from);
    const json::value* name = r.take("action");
    r.require(name != nullptr && read_word(*name, out.action));
    r.number("customer", out.customer);
    r.require(out.customer < what.customers.size());
    r.number("target", out.target);
    r.require(out.target < what.plan.targets(rule_of(out.action).target));
    if (const json::value* who = r.take("who"))
        r.require(out.customer < what.customers.size() &&
                  read_who(*who, what.customers[out.customer], out.who));
    read_state(r, out);
    return r.done();
}

bool read(const json::value& from, change& out) {
    reader r(from);
    r.number("step", out.step);
    read_state(r, out);
    return r.done();
}

bool read(const json::value& from, operation& out) {
    reader r(from);
    std::int64_t v = 0;
    r.number("v", v);
    r.require(v == version);
    r.text("plan_name", out.what.plan_name);
    if (const json::value* p = r.take("plan")) r.require(read(*p, out.what.plan));
    r.word("gate", out.what.gate);
    r.word("absent", out.what.absent);
    r.flag("dry_run", out.what.dry_run);
    r.list("customers", out.what.customers,
           [](const json::value& one, customer& to) { return read(one, to); });
    r.list("steps", out.steps, [&](const json::value& one, step& to) { return read(one, out.what, to); });
    return r.done();
}

/// Where each customer's steps begin, and the end; false when they do not stand customer by customer.
bool find_first_steps(operation& op) {
    if (!std::ranges::is_sorted(op.steps, {}, &step::customer)) return false;
    op.first_step.clear();
    op.first_step.reserve(op.what.customers.size() + 1);
    std::size_t at = 0;
    for (std::size_t c = 0; c < op.what.customers.size(); ++c) {
        op.first_step.push_back(static_cast<std::uint32_t>(at));
        while (at < op.steps.size() && op.steps[at].customer == c)
            ++at;
    }
    op.first_step.push_back(static_cast<std::uint32_t>(at));
    return true;
}

template <class Read>
bool parse(std::string_view text, Read read_root) {
    unsigned char room[stack_bytes];
    json::monotonic_resource memory(room);
    json::parse_options options;
    options.max_depth = 8;             // 5 are written
    options.allow_invalid_utf8 = true; // what a vendor said comes back as it was, whatever it was
    boost::system::error_code fault;
    const json::value root = json::parse(view(text), fault, &memory, options);
    return !fault && read_root(root);
}

} // namespace

std::string encode(const operation& op) {
    std::string out;
    out.reserve(256 + 160 * op.what.customers.size() + 48 * op.steps.size()); // about what it takes
    writer::object(out, [&](writer& to) {
        to.number("v", version);
        to.text("plan_name", op.what.plan_name);
        to.put("plan", [&](writer& inner) { write(inner, op.what.plan); });
        to.word("gate", op.what.gate, erase_gate::all_ok);
        to.word("absent", op.what.absent, absent_rule::ok);
        to.flag("dry_run", op.what.dry_run);
        to.objects("customers", op.what.customers,
                   [](writer& inner, const customer& each) { write(inner, each); });
        to.objects("steps", op.steps, [&](writer& inner, const step& each) { write(inner, each, op.what); });
    });
    return out;
}

result<void> decode(std::string_view text, operation& into) {
    operation made;
    if (!parse(text, [&](const json::value& root) { return read(root, made); }) || !find_first_steps(made))
        return errc::journal_unavailable;
    into.what = std::move(made.what);
    into.steps = std::move(made.steps);
    into.first_step = std::move(made.first_step);
    return {};
}

std::string encode(const std::vector<change>& changes) {
    std::string out;
    out.reserve(32 + 96 * changes.size()); // likewise
    writer::object(out, [&](writer& to) {
        to.number("v", version);
        to.objects("changes", changes, [](writer& inner, const change& each) { write(inner, each); });
    });
    return out;
}

result<std::vector<change>> decode_changes(std::string_view text) {
    std::vector<change> made;
    const bool good = parse(text, [&](const json::value& root) {
        reader r(root);
        std::int64_t v = 0;
        r.number("v", v);
        r.require(v == version);
        r.list("changes", made, [](const json::value& from, change& to) { return read(from, to); });
        return r.done();
    });
    if (!good) return errc::journal_unavailable;
    return made;
}

result<void> apply(const std::vector<change>& changes, operation& op) {
    if (std::ranges::any_of(changes, [&](const change& c) { return c.step >= op.steps.size(); }))
        return errc::journal_unavailable;
    for (const change& c : changes) {
        step& s = op.steps[c.step];
        s.outcome = c.outcome;
        s.blocked_by = c.blocked_by;
        s.attempts = c.attempts;
        s.history = c.history;
    }
    return {};
}

void erase_person(operation& op) {
    for (customer& c : op.what.customers) {
        c.ref.clear();
        for (identifier& i : c.identifiers)
            i.value.clear();
        c.earn_ids.clear();
    }
    for (step& s : op.steps) {
        if (s.who) s.who->value.clear();
        vendor_detail kept;
        kept.code = s.outcome.vendor.code;
        kept.absent_by = std::move(s.outcome.vendor.absent_by);
        s.outcome.vendor = std::move(kept);
    }
}

} // namespace offboard::journal
