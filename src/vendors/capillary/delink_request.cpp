#include "../answer.hpp"
#include "../json_call.hpp"
#include "delink.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <stdexcept>

namespace json = boost::json;

namespace offboard::vendors::capillary {

namespace {

bool survives_as_integer(std::string_view mobile) {
    return !mobile.empty() && mobile.size() <= 18 && mobile.front() != '0' &&
           std::all_of(mobile.begin(), mobile.end(), [](char c) { return c >= '0' && c <= '9'; });
}

json::object customer_of(const identifier& who) {
    switch (who.kind) {
    case identifier_kind::mobile:
        if (survives_as_integer(who.value)) return {{"mobile", whole_number(who.value).value()}};
        return {{"mobile", js(who.value)}};
    case identifier_kind::email: return {{"email", js(who.value)}};
    case identifier_kind::external_id: return {{"externalId", js(who.value)}};
    default: throw std::logic_error("an identifier Capillary's delink cannot look up");
    }
}

} // namespace

outgoing_request encode_delink(const batch& b) {
    json::array programmes;
    for (const place& p : b.places)
        programmes.push_back(json::object{{"partnerProgramName", js(p.partner_program)}});
    json::object link;
    link["customer"] = customer_of(b.places.front().who);
    link["deLinkFromPartnerPrograms"] = std::move(programmes);
    json::array links;
    links.push_back(std::move(link));
    json::object body;
    body["deLinkCustomers"] = std::move(links);
    return json_call("POST", "/v2/partnerProgram/deLinkCustomer", body);
}

} // namespace offboard::vendors::capillary
