#include "json_call.hpp"

#include <boost/json/serialize.hpp>

namespace offboard::vendors {

outgoing_request json_call(std::string_view method, std::string_view target,
                           const boost::json::object& body) {
    outgoing_request r;
    r.method = method;
    r.target = target;
    r.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    r.body = boost::json::serialize(body);
    return r;
}

} // namespace offboard::vendors
