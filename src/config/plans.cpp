#include "readers.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

namespace offboard::config {

using kind = document::kind;

namespace {

constexpr std::size_t most_plans = 1000;

bool is_plan_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-' || c == '.';
    });
}

std::string unescape(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const bool escape = token[i] == '~' && i + 1 < token.size();
        out += escape ? (token[i + 1] == '1' ? '/' : '~') : token[i];
        if (escape) ++i;
    }
    return out;
}

const document* element_of(const document& list, std::string_view token) {
    std::size_t index = 0;
    const auto [stop, ec] = std::from_chars(token.data(), token.data() + token.size(), index);
    const bool fits =
        ec == std::errc() && stop == token.data() + token.size() && index < list.elements().size();
    return fits ? &list.elements()[index] : nullptr;
}

/// Says a fault of a plan, which has a pointer below the plan, in the way of this room: a dotted key, and the
/// line of the value or, where it is missing, of what should have held it.
void say(const offboard::fault& f, const document& plan, const std::string& key, report& out) {
    std::string dotted = key;
    std::size_t line = plan.line;
    const document* at = &plan;
    for (std::string_view rest = f.pointer; !rest.empty();) {
        rest.remove_prefix(1);
        const std::string token = unescape(rest.substr(0, rest.find('/')));
        rest.remove_prefix(std::min(rest.find('/'), rest.size()));
        const bool list = at && at->is(kind::array);
        dotted = list ? dotted + "[" + token + "]" : key_under(dotted, token);
        if (at) at = list ? element_of(*at, token) : at->find(token);
        if (at) line = at->line;
    }
    const std::string word = is_plain_id(f.word) ? f.word + ": " : std::string();
    out.fault(f.line != 0 ? f.line : line, dotted, word + f.detail);
}

/// A plan without the sections it needs would fail at its first customer.
void check_vendors(const plan& p, const document& d, const std::string& key, const settings& into,
                   report& out) {
    for (const vendor v : all_vendors) {
        if (!p.uses(v) || into.of(v)) continue;
        const std::string name(to_string(v));
        const document* member = d.find(name);
        out.fault(member ? member->line : d.line, key_under(key, name),
                  "needs vendors." + name + ", which is not there");
    }
}

} // namespace

void read_plans(section& root, settings& into) {
    section in = root.sub("plans");
    const document* plans = root.find("plans");
    if (plans && plans->members().size() > most_plans)
        return root.fault("plans", "must have at most 1000 plans");
    if (plans && plans->is(kind::object)) {
        for (const auto& [name, d] : plans->members()) {
            const std::string key = in.key_of(name);
            const bool doubled = in.has(name) && plans->find(name) != &d;
            if (!is_plan_name(name))
                in.out().fault(d.line, key, "the name of a plan has 1 to 64 of A-Z a-z 0-9 _ - .");
            if (doubled) continue;
            fault_list faults;
            plan p = read_plan(d, "", faults);
            for (const auto& f : faults.all())
                say(f, d, key, in.out());
            check_vendors(p, d, key, into, in.out());
            into.plans.emplace(name, std::move(p));
        }
    }
    in.close();
    std::string name;
    if (!root.read_text("default_plan", name)) return;
    if (into.plans.find(name) == into.plans.end())
        root.fault("default_plan", "names a plan that is not under plans");
    else
        into.default_plan = std::move(name);
}

} // namespace offboard::config
