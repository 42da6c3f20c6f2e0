// The request decoder: whatever bytes come, it either reports a fault or gives an offboarding that is sound.
#include "offboard/api/read_offboarding.hpp"
#include "require.hpp"

#include <cstdint>
#include <string_view>

using namespace offboard;
using fuzz::require;

namespace {

const config::settings& settings() {
    static const config::settings made = [] {
        config::settings s;
        for (auto& section : s.vendors)
            section.emplace();
        plan p;
        p.set(action::lapse);
        p.set(action::forget);
        s.plans.emplace("forget-in-billing", p);
        s.default_plan = "forget-in-billing";
        return s;
    }();
    return made;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    json_fault broken;
    const auto body = parse_json({reinterpret_cast<const char*>(data), size}, broken);
    if (!body) return 0;
    fault_list faults;
    offboarding what = api::read_offboarding(*body, settings(), faults);
    if (!faults.empty()) return 0;
    require(!what.plan.empty() && !what.customers.empty() && what.customers.size() <= most_customers);
    for (const customer& c : what.customers)
        for (const identifier& i : c.identifiers)
            require(identifier_fault(i.kind, i.value).empty());
    std::vector<std::uint32_t> first;
    const std::vector<step> steps = expand(what, first);
    require(steps.size() == steps_of(what) && steps.size() <= most_steps && weight_of(what) <= most_weight);
    for (const step& s : steps)
        require(s.who ? s.outcome.status == step_status::pending : s.outcome.status == step_status::skipped);
    return 0;
}
