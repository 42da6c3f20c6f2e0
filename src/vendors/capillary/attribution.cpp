#include "attribution.hpp"

#include "../verdicts.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace offboard::vendors::capillary {

namespace {

using entries = std::vector<const entry*>;

bool of_request(const entry& e, const batch& b) {
    return std::all_of(e.errors.begin(), e.errors.end(),
                       [&](const fault& f) { return scope_of(f, b) == scope::request; });
}

/// Failures that carry the same codes, and nothing beside them.
bool alike(const entries& some) {
    const auto same_codes = [](const entry& a, const entry& b) {
        return std::equal(a.errors.begin(), a.errors.end(), b.errors.begin(), b.errors.end(),
                          [](const fault& x, const fault& y) { return x.code == y.code; });
    };
    return !some.empty() && std::all_of(some.begin(), some.end(), [&](const entry* e) {
        return e->is_plain_failure() && same_codes(*e, *some.front());
    });
}

/// True when, whichever of the entries is the place's, the vendor cannot have done anything to it.
bool nothing_done(const entries& some, const batch& b, const place& p) {
    return std::all_of(some.begin(), some.end(), [&](const entry* e) {
        return e->is_plain_failure() && std::all_of(e->errors.begin(), e->errors.end(), [&](const fault& f) {
                   return surely_did_nothing(f, b, p);
               });
    });
}

/// Assigns the entries that are left to the places that are left, if all entries say the same; else none.
void deal(const batch& b, const entries& left, const std::vector<std::size_t>& places, bool counts_agree,
          std::vector<verdict>& verdicts) {
    const bool fair = counts_agree && left.size() == places.size();
    for (const std::size_t i : places) {
        const place& p = b.places[i];
        verdicts[i] = fair && alike(left)
                          ? judge(*left.front(), b, p)
                          : undivided(outcome_code::ambiguous_answer, !(fair && nothing_done(left, b, p)));
    }
}

/// Capillary's own ids, where each belongs to one place of the call.
std::unordered_map<std::int64_t, std::size_t> by_id(const batch& b) {
    std::unordered_map<std::int64_t, std::size_t> owners;
    std::set<std::int64_t> twice;
    for (std::size_t i = 0; i < b.places.size(); ++i) {
        const auto id = whole_number(b.places[i].who.value);
        if (id && !owners.emplace(*id, i).second) twice.insert(*id);
    }
    for (const std::int64_t id : twice)
        owners.erase(id);
    return owners;
}

std::vector<verdict> attribute_by_id(const batch& b, const std::vector<entry>& all) {
    const auto owners = by_id(b);
    std::vector<entries> of_place(b.places.size());
    entries left;
    for (const entry& e : all) {
        const auto at = e.entity_id ? owners.find(*e.entity_id) : owners.end();
        (at == owners.end() ? left : of_place[at->second]).push_back(&e);
    }
    std::vector<verdict> verdicts(b.places.size());
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < of_place.size(); ++i) {
        if (of_place[i].empty())
            open.push_back(i);
        else if (of_place[i].size() > 1)
            verdicts[i] = undivided(outcome_code::ambiguous_answer);
        else
            verdicts[i] = judge(*of_place[i].front(), b, b.places[i]);
        verdicts[i].own_words = of_place[i].size() == 1;
    }
    deal(b, left, open, all.size() == b.places.size(), verdicts);
    return verdicts;
}

/// `entityId` is Capillary's own id, so it names no mobile and no email. That all of them succeeded can be
/// told all the same: as many successes as places, each about somebody else.
bool everybody_revoked(const batch& b, const std::vector<entry>& all) {
    std::set<std::int64_t> who;
    const bool clean = std::all_of(all.begin(), all.end(), [&](const entry& e) {
        return e.what == entry::kind::success && e.entity_id && who.insert(*e.entity_id).second;
    });
    return clean && all.size() == b.places.size() &&
           std::all_of(b.places.begin(), b.places.end(), [](const place& p) { return p.earn_ids.empty(); });
}

verdict judge_alone(const batch& b, const entry& e) {
    const place& p = b.places.front();
    verdict v = judge(e, b, p);
    const bool claims = e.what == entry::kind::success || (e.has_result && counts_as_ok(v.result.status));
    if (claims && p.who.kind == identifier_kind::capillary_id && e.entity_id &&
        whole_number(p.who.value) != e.entity_id)
        return unproven(outcome_code::entity_mismatch, std::move(v.result.vendor));
    return v;
}

} // namespace

std::vector<verdict> attribute(const batch& b, const std::vector<entry>& all) {
    entries every;
    for (const entry& e : all)
        every.push_back(&e);

    std::vector<verdict> verdicts(b.places.size());
    if (alike(every) && of_request(all.front(), b)) {
        for (std::size_t i = 0; i < verdicts.size(); ++i)
            verdicts[i] = judge(*every.front(), b, b.places[i]);
        return verdicts;
    }
    if (b.places.size() == 1)
        return {all.size() == 1 ? judge_alone(b, all.front()) : unproven(outcome_code::unreadable_answer)};
    if (b.places.front().who.kind == identifier_kind::capillary_id) return attribute_by_id(b, all);
    if (everybody_revoked(b, all)) return for_all(b, settled(step_status::succeeded, outcome_code::revoked));

    std::vector<std::size_t> places(b.places.size());
    for (std::size_t i = 0; i < places.size(); ++i)
        places[i] = i;
    deal(b, every, places, all.size() == b.places.size(), verdicts);
    return verdicts;
}

} // namespace offboard::vendors::capillary
