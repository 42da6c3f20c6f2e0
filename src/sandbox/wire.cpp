#include "wire.hpp"

#include <boost/beast/http/status.hpp>

namespace http = boost::beast::http;

namespace sandbox {

wire_answer to_wire(const answer& a, delivery how, bool keep_alive, bool head_only) {
    const auto reason = http::obsolete_reason(http::int_to_status(a.status));
    const bool bodiless = a.status == 204 || a.status == 304;
    const std::size_t length = a.body.size() + (how == delivery::truncated ? 64 : 0);
    wire_answer out;
    out.bytes.reserve(a.body.size() + 256);
    out.bytes += "HTTP/1.1 " + std::to_string(a.status) + ' ';
    out.bytes.append(reason.data(), reason.size());
    out.bytes += "\r\nServer: offboard-sandbox\r\n";
    if (!bodiless) {
        out.bytes +=
            "Content-Type: " + a.content_type + "\r\nContent-Length: " + std::to_string(length) + "\r\n";
    }
    out.bytes += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
    for (const auto& field : a.headers) {
        out.bytes += field.name + ": " + field.value + "\r\n";
    }
    out.bytes += "\r\n";
    if (how == delivery::cut_mid_body) {
        out.bytes.append(a.body, 0, a.body.size() / 2);
    } else if (how != delivery::cut_after_headers && !head_only && !bodiless) {
        out.bytes += a.body;
    }
    out.close = !keep_alive || how != delivery::whole;
    return out;
}

} // namespace sandbox
