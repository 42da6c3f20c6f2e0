// HTTP/1.1 messages, of callers and of vendors: whatever bytes come, and in whatever pieces, they are read in
// one way only, within their bounds. The first byte says where the bytes are cut in two.
#include "request_reader.hpp"
#include "require.hpp"
#include "response_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using namespace offboard;
using fuzz::require;

namespace {

constexpr std::size_t header_bytes = 512;
constexpr std::size_t body_bytes = 256;

/// Everything that a handler would see of a message. Of what is no whole message nothing is told: a fault may
/// be noticed sooner or later, and by another name, depending on what has arrived.
std::string told(const http::request& r) {
    std::string out = r.method + '\n' + r.path + '\n' + r.query + '\n' + r.body + '\n';
    for (const auto& [name, value] : r.headers)
        out += name + '=' + value + '\n';
    return out;
}
std::string told(const incoming_response& r) {
    std::string out = std::to_string(r.status) + '\n' + r.body + '\n';
    for (const auto& [name, value] : r.headers)
        out += name + '=' + value + '\n';
    return out;
}

/// As the session does it: the header with everything received so far, the body with what is left.
std::optional<std::string> request_of(std::string_view bytes, std::size_t first) {
    http::server_limits limits;
    limits.header_bytes = header_bytes;
    limits.target_bytes = 64;
    limits.body_bytes = body_bytes;
    http::body_budget budget(body_bytes);
    http::request into;
    http::request_reader reader(into, limits, budget);
    std::size_t received = first;
    auto at = reader.read_header(bytes.substr(0, received));
    if (at == http::progress::need_more) {
        received = bytes.size();
        at = reader.read_header(bytes.substr(0, received));
    }
    if (at == http::progress::failed)
        require(reader.failure().status >= 400 && reader.failure().status < 600);
    if (at != http::progress::complete) return std::nullopt;
    require(reader.header_size() <= header_bytes && reader.header_size() <= received);
    require(!into.path.empty() && (into.path.front() == '/' || into.path == "*"));
    if (reader.declares_too_much()) return std::nullopt;
    std::size_t done = reader.header_size();
    for (;;) {
        std::size_t used = 0;
        at = reader.read_body(bytes.substr(done, received - done), used);
        require(used <= received - done);
        done += used;
        require(into.body.size() <= body_bytes);
        if (at != http::progress::need_more || received == bytes.size()) break;
        received = bytes.size();
    }
    if (at != http::progress::complete) return std::nullopt;
    return told(into) + std::to_string(done);
}

std::optional<std::string> answer_of(std::string_view bytes, std::size_t first, bool head) {
    using enum http::response_reader::progress;
    incoming_response into;
    http::response_reader reader(into, {header_bytes, body_bytes}, head);
    std::size_t done = 0;
    auto at = need_more;
    for (const std::size_t received : {first, bytes.size()}) {
        std::size_t used = 0;
        at = reader.read(bytes.substr(done, received - done), used);
        require(used <= received - done && into.body.size() <= body_bytes);
        done += used;
        if (at != need_more) break;
    }
    if (at == need_more) at = reader.read_end();
    if (at != complete) return std::nullopt;
    require(into.status >= 200 && into.status <= 999);
    return told(into);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t cut = std::min<std::size_t>(data[0], bytes.size());
    require(request_of(bytes, cut) == request_of(bytes, bytes.size()));
    const bool head = (data[0] & 1U) != 0;
    require(answer_of(bytes, cut, head) == answer_of(bytes, bytes.size(), head));
    return 0;
}
