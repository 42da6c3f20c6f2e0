#include "vendor_call.hpp"

using namespace offboard;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using enum identifier_kind;
    static const std::vector<vendors::batch> calls = {
        fuzz::batch_of(action::revoke_earn, {fuzz::place_of(capillary_id, "423927867")}),
        fuzz::batch_of(action::revoke_enrol, {fuzz::place_of(capillary_id, "423926199")}),
        fuzz::batch_of(action::revoke_earn, {fuzz::place_of(capillary_id, "423927855", {960, 963})}),
        fuzz::batch_of(action::revoke_earn,
                       {fuzz::place_of(capillary_id, "423927867"), fuzz::place_of(capillary_id, "423927868"),
                        fuzz::place_of(capillary_id, "423927869", {975})}),
        fuzz::batch_of(action::revoke_enrol, {fuzz::place_of(capillary_id, "423926199"),
                                              fuzz::place_of(capillary_id, "423926198")}),
        fuzz::batch_of(action::revoke_earn,
                       {fuzz::place_of(mobile, "49151"), fuzz::place_of(mobile, "49152")}),
        fuzz::batch_of(action::revoke_enrol, {fuzz::place_of(email, "a@b"), fuzz::place_of(email, "c@d")}),
    };
    return fuzz::check(calls, data, size);
}
