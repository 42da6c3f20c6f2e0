#include "../json_call.hpp"
#include "revoke.hpp"

#include <boost/json/array.hpp>

#include <stdexcept>

namespace json = boost::json;

namespace offboard::vendors::capillary {

namespace {

std::string_view identifier_name(identifier_kind kind) {
    switch (kind) {
    case identifier_kind::capillary_id: return "id";
    case identifier_kind::mobile: return "mobile";
    case identifier_kind::email: return "email";
    default: throw std::logic_error("an identifier Capillary's revoke cannot look up");
    }
}

json::object promotion_details(const promotion& promo) {
    json::object details;
    details["programId"] = promo.program_id;
    if (!promo.promotion_id.empty())
        details["promotionId"] = js(promo.promotion_id); // a string in the vendor's samples
    else
        details["promoIdentifier"] = js(promo.promo_identifier);
    return details;
}

} // namespace

outgoing_request encode_revoke(const batch& b) {
    json::array customers;
    for (const place& p : b.places) {
        json::object customer{{"identifierValue", js(p.who.value)}, {"source", js(p.source)}};
        if (b.what == action::revoke_earn && !p.earn_ids.empty())
            customer["earnIds"] = json::array(p.earn_ids.begin(), p.earn_ids.end());
        customers.push_back(std::move(customer));
    }
    json::object body;
    body["type"] = "CUSTOMER";
    body["bulkAction"] = b.what == action::revoke_enrol ? "REVOKE_ENROL" : "REVOKE_EARN";
    body["promotionDetails"] = promotion_details(b.promo);
    body["identifierName"] = js(identifier_name(b.places.front().who.kind));
    body["customers"] = std::move(customers);
    return json_call("POST", "/v2/promotion/bulk/revokeEnrolAndEarn", body);
}

} // namespace offboard::vendors::capillary
