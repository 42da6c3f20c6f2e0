// The configuration: whatever the file says, it is either a list of faults or settings that hold together.
#include "offboard/config/settings.hpp"
#include "require.hpp"

#include <cstdint>
#include <string>

using namespace offboard;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const config::loaded read = config::load(std::string(reinterpret_cast<const char*>(data), size), {});
    require(read.settings.has_value() == read.faults.empty());
    if (!read.settings) return 0;
    const config::settings& s = *read.settings;
    require(s.default_plan.empty() || s.plans.contains(s.default_plan));
    require(s.deadline.standard <= s.deadline.max && s.limits.target <= s.limits.header);
    require(s.auth.required() || s.listen.address.starts_with("127.") || s.listen.address == "::1");
    return 0;
}
