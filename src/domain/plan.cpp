#include "offboard/domain/plan.hpp"

#include "offboard/base/nearest.hpp"

#include <algorithm>
#include <array>

namespace offboard {

namespace {

constexpr std::array<std::string_view, 26> keep_fields = {"username",
                                                          "email",
                                                          "token_hash",
                                                          "original_username",
                                                          "password",
                                                          "cryptpass",
                                                          "session",
                                                          "firstname",
                                                          "lastname",
                                                          "address1",
                                                          "address2",
                                                          "city",
                                                          "state",
                                                          "zip",
                                                          "country",
                                                          "shipping_firstname",
                                                          "shipping_lastname",
                                                          "shipping_address1",
                                                          "shipping_address2",
                                                          "shipping_zip",
                                                          "shipping_city",
                                                          "shipping_state",
                                                          "shipping_country",
                                                          "phone",
                                                          "member_note",
                                                          "member_auth"};

constexpr std::size_t most_promotions = 50;
constexpr std::size_t longest_name = 256;

using kind = document::kind;

bool whole(std::string_view digits) {
    return !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

/// A non-empty text; where the vendor's own documents waver between text and number, either is taken.
std::string read_text(const document& d, std::string_view where, bool number_too, fault_list& faults) {
    if (number_too) {
        // A promotion's number; a text of digits is one too.
        const std::string_view digits =
            d.is(kind::number) || d.is(kind::string) ? d.text() : std::string_view();
        const bool nought = !digits.empty() && digits.find_first_not_of("0") == digits.npos;
        if (d.is(kind::number) && d.as_int().value_or(0) > 0) return d.text();
        if (d.is(kind::number) || nought || (digits.starts_with('-') && whole(digits.substr(1)))) {
            faults.add(std::string(where), "must be a positive whole number", d.line);
            return {};
        }
    }
    if (!expect(d, kind::string, where, faults)) return {};
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (d.text().empty() || d.text().size() > longest_name)
        faults.add(std::string(where), "must have 1 to 256 characters", d.line);
    else if (std::any_of(d.text().begin(), d.text().end(), control))
        faults.add(std::string(where), "must not contain control characters", d.line);
    return d.text();
}

/// Digits that are not all nought: the vendor numbers its promotions from one.
bool is_positive(std::string_view text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return std::all_of(text.begin(), text.end(), digit) &&
           text.find_first_not_of('0') != std::string_view::npos;
}

promotion read_promotion(const document& d, const std::string& where, fault_list& faults) {
    promotion out;
    if (!expect(d, kind::object, where, faults)) return out;
    check_members(d, {"program_id", "promotion_id", "promo_identifier", "kind"}, where, faults);
    if (const document* program = d.find("program_id")) {
        const auto id = program->as_int();
        if (!id || *id <= 0)
            faults.add(pointer_to(where, "program_id"), "must be a positive whole number", program->line);
        else
            out.program_id = *id;
    } else {
        faults.add(pointer_to(where, "program_id"), "is required", d.line);
    }
    const document* id = d.find("promotion_id");
    const document* name = d.find("promo_identifier");
    if (!id == !name) faults.add(where, "needs exactly one of promotion_id and promo_identifier", d.line);
    if (id) {
        const std::string at = pointer_to(where, "promotion_id");
        out.promotion_id = read_text(*id, at, true, faults);
        if (!out.promotion_id.empty() && !is_positive(out.promotion_id))
            faults.add(at, "must be a positive whole number", id->line);
    }
    if (name) out.promo_identifier = read_text(*name, pointer_to(where, "promo_identifier"), false, faults);
    const document* k = d.find("kind");
    if (k && k->is(kind::string) && k->text() == "enrol_and_issue")
        out.kind = promotion_kind::enrol_and_issue;
    else if (k && k->is(kind::string) && k->text() == "direct_issue")
        out.kind = promotion_kind::direct_issue;
    else
        faults.add(pointer_to(where, "kind"), "must be enrol_and_issue or direct_issue",
                   k ? k->line : d.line);
    return out;
}

/// At most `most` of them: looking for doubles costs with the square of the number.
std::vector<std::string> read_names(const document& d, const std::string& where, std::size_t most,
                                    fault_list& faults) {
    std::vector<std::string> names;
    if (!expect(d, kind::array, where, faults)) return names;
    for (std::size_t i = 0; i < std::min(d.elements().size(), most); ++i) {
        const document& element = d.elements()[i];
        const std::string at = pointer_to(where, i);
        std::string name = read_text(element, at, false, faults);
        if (name.empty()) continue;
        if (std::find(names.begin(), names.end(), name) != names.end())
            faults.add(at, "is listed twice", element.line);
        names.push_back(std::move(name));
    }
    return names;
}

/// Mention Me's actions have no target, and no settings yet: each is asked for by an empty object of its
/// name.
void read_mention_me(const document& d, const std::string& where, plan& out, fault_list& faults) {
    if (!expect(d, kind::object, where, faults)) return;
    std::vector<std::string_view> known;
    for (const action_rule& rule : all_action_rules) {
        if (rule.vendor != vendor::mention_me) continue;
        known.push_back(plan_member_of(rule.action));
        const document* const asked = d.find(known.back());
        if (!asked) continue;
        const std::string at = pointer_to(where, known.back());
        if (expect(*asked, kind::object, at, faults)) check_members(*asked, {}, at, faults);
        out.set(rule.action);
    }
    check_members(d, known, where, faults);
    if (d.members().empty()) faults.add(where, "has no step", d.line);
}

void read_revoke(const document& d, const std::string& where, plan& out, fault_list& faults) {
    if (!expect(d, kind::array, where, faults)) return;
    if (d.elements().empty() || d.elements().size() > most_promotions)
        faults.add(where, "must have 1 to 50 promotions", d.line);
    for (std::size_t i = 0; i < std::min(d.elements().size(), most_promotions); ++i) {
        promotion p = read_promotion(d.elements()[i], pointer_to(where, i), faults);
        const bool twice = std::any_of(out.revoke.begin(), out.revoke.end(), [&](const promotion& other) {
            return other.program_id == p.program_id && other.promotion_id == p.promotion_id &&
                   other.promo_identifier == p.promo_identifier;
        });
        if (twice) faults.add(pointer_to(where, i), "is listed twice", d.elements()[i].line);
        out.revoke.push_back(std::move(p));
    }
}

void read_capillary(const document& d, const std::string& where, plan& out, fault_list& faults) {
    if (!expect(d, kind::object, where, faults)) return;
    check_members(d, {"revoke", "delink"}, where, faults);
    if (d.members().empty()) faults.add(where, "has no step", d.line);
    if (const document* revoke = d.find("revoke"))
        read_revoke(*revoke, pointer_to(where, "revoke"), out, faults);
    if (const document* delink = d.find("delink")) {
        const std::string at = pointer_to(where, "delink");
        if (!expect(*delink, kind::object, at, faults)) return;
        check_members(*delink, {"partner_programs"}, at, faults);
        const std::string list = pointer_to(at, "partner_programs");
        const document* names = delink->find("partner_programs");
        if (!names) {
            faults.add(list, "is required", delink->line);
            return;
        }
        out.partner_programs = read_names(*names, list, most_partner_programs, faults);
        if (names->is(kind::array) &&
            (names->elements().empty() || names->elements().size() > most_partner_programs))
            faults.add(list, "must have 1 to 50 partner programmes", names->line);
    }
}

void read_billing(const document& d, const std::string& where, plan& out, fault_list& faults) {
    if (!expect(d, kind::object, where, faults)) return;
    check_members(d, {"forget"}, where, faults);
    const document* forget = d.find("forget");
    if (d.members().empty()) faults.add(where, "has no step", d.line);
    if (!forget) return;
    const std::string at = pointer_to(where, "forget");
    if (!expect(*forget, kind::object, at, faults)) return;
    check_members(*forget, {"keep"}, at, faults);
    out.set(action::forget);
    if (const document* keep = forget->find("keep")) {
        const std::string list = pointer_to(at, "keep");
        out.keep = read_names(*keep, list, keep_fields.size(), faults);
        if (keep->elements().size() > keep_fields.size())
            faults.add(list, "has more names than there are fields and tables the vendor can keep",
                       keep->line);
        for (const std::string& name : out.keep) {
            if (is_keep_field(name)) continue;
            faults.add(list,
                       "has a name that is not a field or table the vendor can keep" +
                           did_you_mean(name, keep_fields),
                       keep->line, name);
        }
    }
}

} // namespace

std::string_view to_string(erase_gate g) noexcept {
    switch (g) {
    case erase_gate::all_ok: return "all_ok";
    case erase_gate::settled: return "settled";
    case erase_gate::none: return "none";
    }
    return "";
}

std::vector<plan_step> plan::steps() const {
    std::vector<plan_step> out;
    out.reserve(step_count());
    for_each_step([&out](plan_step one) { out.push_back(one); });
    return out;
}

std::size_t plan::step_count() const noexcept {
    std::size_t n = 0;
    for_each_step([&n](plan_step) { ++n; });
    return n;
}

std::bitset<action_count> plan::actions() const noexcept {
    std::bitset<action_count> out;
    for_each_step([&out](plan_step one) { out.set(static_cast<std::size_t>(one.what)); });
    return out;
}

bool plan::uses(vendor v) const noexcept {
    const std::bitset<action_count> used = actions();
    return std::ranges::any_of(
        all_actions, [&](action a) { return used.test(static_cast<std::size_t>(a)) && vendor_of(a) == v; });
}

std::size_t plan::targets(target_kind k) const noexcept {
    switch (k) {
    case target_kind::none: return 1;
    case target_kind::promotion: return revoke.size();
    case target_kind::partner_program: return partner_programs.size();
    }
    return 0;
}

bool is_keep_field(std::string_view name) noexcept {
    return std::find(keep_fields.begin(), keep_fields.end(), name) != keep_fields.end();
}

options read_options(const document& d, std::string_view where, fault_list& faults) {
    options out;
    if (!expect(d, kind::object, where, faults)) return out;
    check_members(d, {"erase_gate", "missing_identifier", "dry_run", "absent"}, where, faults);
    const auto word = [](const document* v) {
        return v && v->is(kind::string) ? std::string_view(v->text()) : "";
    };
    if (const document* gate = d.find("erase_gate")) {
        for (const auto g : {erase_gate::all_ok, erase_gate::settled, erase_gate::none})
            if (word(gate) == to_string(g)) out.erase_gate = g;
        if (!out.erase_gate)
            faults.add(pointer_to(where, "erase_gate"), "must be all_ok, settled or none", gate->line);
    }
    if (const document* missing = d.find("missing_identifier")) {
        if (word(missing) == "reject")
            out.missing_identifier = missing_identifier::reject;
        else if (word(missing) == "skip")
            out.missing_identifier = missing_identifier::skip;
        else
            faults.add(pointer_to(where, "missing_identifier"), "must be reject or skip", missing->line);
    }
    if (const document* absent = d.find("absent")) {
        for (const auto r : {absent_rule::ok, absent_rule::not_ok})
            if (word(absent) == to_string(r)) out.absent = r;
        if (!out.absent) faults.add(pointer_to(where, "absent"), "must be ok or not_ok", absent->line);
    }
    if (const document* dry = d.find("dry_run")) {
        if (expect(*dry, kind::boolean, pointer_to(where, "dry_run"), faults)) out.dry_run = dry->as_bool();
    }
    return out;
}

plan read_plan(const document& d, std::string_view where, fault_list& faults) {
    plan out;
    if (!expect(d, kind::object, where, faults)) return out;
    check_members(d, {"mention_me", "capillary", "billing", "options"}, where, faults);
    const std::size_t before = faults.all().size();
    if (const document* m = d.find("mention_me"))
        read_mention_me(*m, pointer_to(where, "mention_me"), out, faults);
    if (const document* c = d.find("capillary"))
        read_capillary(*c, pointer_to(where, "capillary"), out, faults);
    if (const document* b = d.find("billing")) read_billing(*b, pointer_to(where, "billing"), out, faults);
    if (const document* o = d.find("options"))
        out.defaults = read_options(*o, pointer_to(where, "options"), faults);
    if (out.empty() && faults.all().size() == before) faults.add(std::string(where), "has no step", d.line);
    return out;
}

} // namespace offboard
