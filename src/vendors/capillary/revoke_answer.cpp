#include "../by_status.hpp"
#include "../verdicts.hpp"
#include "attribution.hpp"
#include "revoke.hpp"

namespace json = boost::json;

namespace offboard::vendors::capillary {

std::vector<verdict> decode_revoke(const batch& b, unsigned status, const answer& read) {
    const json::object* body = read.object();
    const json::array* list = array_member(body, "response");
    const auto whole = read_faults(body, "errors");
    // `totalCount` and `failureCount` are not looked at: where they disagree, the entries are right.
    if (list != nullptr && !list->empty()) {
        std::vector<entry> entries;
        entries.reserve(list->size());
        for (const json::value& v : *list)
            entries.push_back(read_entry(v, b.what));
        std::vector<verdict> verdicts = attribute(b, entries);
        // What opens a gate wants the whole answer behind it: no error beside the entries.
        const bool backed = whole && whole->empty() && !tells_of_error(body) && !denies(body);
        for (verdict& v : verdicts)
            if (!backed && counts_as_ok(v.result.status)) v = undivided(outcome_code::contradictory_answer);
        return verdicts;
    }
    if (whole && !whole->empty()) return judge_envelope(*whole, b, status, body);
    if (list != nullptr && claims_success(status))
        return attribute(b, {}); // no entry: no place has failed or succeeded
    return by_status(b, status, said(body));
}

} // namespace offboard::vendors::capillary
