#include "vendor_call.hpp"

using namespace offboard;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<vendors::batch> calls = {
        fuzz::batch_of(action::forget, {fuzz::place_of(identifier_kind::billing_customer_id, "191")}),
    };
    return fuzz::check(calls, data, size);
}
