#include "offboard/vendors/ping.hpp"

#include "json_call.hpp"
#include "mention_me/lapse.hpp"

#include <stdexcept>

namespace offboard::vendors {

bool has_ping(action a) noexcept {
    switch (vendor_of(a)) {
    case vendor::mention_me:
    case vendor::billing: return true;
    case vendor::capillary: return false;
    }
    return false;
}

outgoing_request ping_request(action a, const identifier& who, const wire_settings& wire) {
    switch (vendor_of(a)) {
    case vendor::mention_me: {
        // Reading customers takes the body that lapsing takes.
        batch one;
        one.places.emplace_back().who = who;
        outgoing_request r = mention_me::encode_lapse(one, wire);
        r.target = "/api/merchant/v2/customers";
        return r;
    }
    case vendor::billing: {
        outgoing_request r;
        r.method = "GET";
        r.target = "/api/service/ping";
        r.headers = {{"Accept", "application/json"}};
        return r;
    }
    case vendor::capillary: break;
    }
    throw std::logic_error("a vendor without a call that has no effect");
}

} // namespace offboard::vendors
