#include "vendor_call.hpp"

using namespace offboard;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto programme = [](const char* name) {
        return fuzz::place_of(identifier_kind::mobile, "919800000000", {}, name);
    };
    static const std::vector<vendors::batch> calls = {
        fuzz::batch_of(action::delink, {programme("1stProgram")}),
        fuzz::batch_of(action::delink, {programme("1stProgram"), programme("p3e1")}),
    };
    return fuzz::check(calls, data, size);
}
