#include "offboard/api/admin_routes.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace asio = boost::asio;
namespace json = boost::json;

namespace offboard::api {

namespace {

asio::awaitable<http::response> answer(unsigned status, json::object body) {
    co_return http::response(status, "application/json", json::serialize(body));
}

asio::awaitable<http::response> readiness(std::vector<std::string> reasons) {
    json::object body;
    body["status"] = reasons.empty() ? "ready" : "not_ready";
    json::array& list = body["reasons"].emplace_array();
    for (const std::string& reason : reasons)
        list.push_back(json::value(reason));
    return answer(reasons.empty() ? 200 : 503, std::move(body));
}

} // namespace

void add_admin_routes(http::router& router, std::function<std::vector<std::string>()> unready) {
    const auto live = [](http::request&&) {
        json::object body;
        body["status"] = "live";
        return answer(200, std::move(body));
    };
    const auto ready = [unready = std::move(unready)](http::request&&) { return readiness(unready()); };
    router.add({"GET", "/livez", live, {}});
    router.add({"GET", "/readyz", ready, {}});
}

} // namespace offboard::api
