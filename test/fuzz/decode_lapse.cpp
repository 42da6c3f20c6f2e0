#include "vendor_call.hpp"

using namespace offboard;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using enum identifier_kind;
    static const std::vector<vendors::batch> calls = {
        fuzz::batch_of(action::lapse, {fuzz::place_of(email, "jo@a.example")}),
        fuzz::batch_of(action::lapse,
                       {fuzz::place_of(email, "jo@a.example"), fuzz::place_of(email, "Sam@a.example")}),
        fuzz::batch_of(action::lapse,
                       {fuzz::place_of(email, "x@y"), fuzz::place_of(mention_me_customer_id, "x@y"),
                        fuzz::place_of(email, "X@y"), fuzz::place_of(mention_me_customer_id, "77")}),
    };
    return fuzz::check(calls, data, size);
}
