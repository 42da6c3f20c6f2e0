// The journal's records: whatever bytes come, they are refused, or are sound and come back the same.
#include "record_codec.hpp"
#include "require.hpp"

#include <cstdint>
#include <string_view>

using namespace offboard;
using fuzz::require;

namespace {

void check_operation(std::string_view text) {
    operation op;
    if (journal::decode(text, op).has_error()) return;
    require(op.first_step.size() == op.what.customers.size() + 1);
    require(op.first_step.front() == 0 && op.first_step.back() == op.steps.size());
    for (std::size_t c = 0; c < op.what.customers.size(); ++c) {
        const auto [first, last] = op.steps_of(c);
        for (std::size_t i = first; i < last; ++i)
            require(op.steps[i].customer == c);
    }
    operation again;
    const std::string written = journal::encode(op);
    require(!journal::decode(written, again).has_error() && journal::encode(again) == written);
    journal::erase_person(again);
    require(!journal::decode(journal::encode(again), op).has_error());
}

void check_changes(std::string_view text) {
    const auto changes = journal::decode_changes(text);
    if (!changes) return;
    const std::string written = journal::encode(*changes);
    const auto again = journal::decode_changes(written);
    require(again && journal::encode(*again) == written);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_operation(text);
    check_changes(text);
    return 0;
}
