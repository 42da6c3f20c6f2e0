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

asio::awaitable<http::response> tell(readiness now) {
    json::object body;
    body["status"] = now.reasons.empty() ? "ready" : "not_ready";
    json::array& reasons = body["reasons"].emplace_array();
    for (const std::string& reason : now.reasons)
        reasons.push_back(json::value(reason));
    json::array& breakers = body["breakers"].emplace_array();
    for (const dispatch::breaker_report& b : now.breakers)
        breakers.push_back({{"step", to_string(b.action)}, {"state", b.state}});
    return answer(now.reasons.empty() ? 200 : 503, std::move(body));
}

asio::awaitable<http::response> show(telemetry::metrics& metrics) {
    co_return http::response(200, std::string(telemetry::metrics::content_type), metrics.scrape());
}

} // namespace

void add_admin_routes(http::router& router, std::function<readiness()> ready, telemetry::metrics& metrics) {
    const auto live = [](http::request&&) {
        json::object body;
        body["status"] = "live";
        return answer(200, std::move(body));
    };
    router.add({"GET", "/livez", live, {}});
    router.add({"GET", "/readyz", [ready = std::move(ready)](http::request&&) { return tell(ready()); }, {}});
    router.add({"GET", "/metrics", [&metrics](http::request&&) { return show(metrics); }, {}});
}

} // namespace offboard::api
