// The real way to a vendor.
#include "offboard/dispatch/dispatcher.hpp"

#include "offboard/http/client.hpp"

#include <memory>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

http::client_settings client_settings_of(vendor v, const config::vendor_settings& s) {
    http::client_settings out;
    out.name = to_string(v);
    out.host = s.base_url.host;
    out.port = s.base_url.port;
    out.tls = s.base_url.tls;
    out.path_prefix = s.base_url.path;
    out.roots = s.roots;
    // One more than calls may be in flight, so that a token request never waits behind the calls that want
    // it.
    out.most_connections = s.max_in_flight + 1;
    return out;
}

/// A factory of clients holds two pointers, in a named type.
struct real_clients {
    asio::io_context* io;
    telemetry::log* log;
    std::unique_ptr<http::exchanger> operator()(vendor v, const config::vendor_settings& s) const {
        return std::make_unique<http::client>(*io, client_settings_of(v, s), *log);
    }
};

} // namespace

make_client client_factory(asio::io_context& io, telemetry::log& log) {
    return real_clients{&io, &log};
}

} // namespace offboard::dispatch
