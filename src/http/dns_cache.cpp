#include "dns_cache.hpp"

#include <algorithm>

namespace offboard::http {

namespace asio = boost::asio;

dns_cache::dns_cache(asio::io_context& io, std::string host, std::uint16_t port, duration ttl)
    : host_(std::move(host)), port_(port), ttl_(ttl), resolver_(io) {
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(host_, ec);
    // RFC 6761 6.3: loopback by definition. Not every machine's files say so, and no name server is asked.
    const bool here = host_ == "localhost";
    literal_ = !ec;
    fixed_ = here || literal_;
    if (!ec) known_.emplace_back(address, port_);
    if (!here) return;
    known_.emplace_back(asio::ip::address_v4::loopback(), port_);
    known_.emplace_back(asio::ip::address_v6::loopback(), port_);
}

asio::awaitable<result<std::vector<tcp::endpoint>>> dns_cache::addresses(steady_time deadline) {
    const std::shared_ptr<dns_cache> alive = shared_from_this();
    if (!fixed_ && !looking_ && std::chrono::steady_clock::now() >= fresh_until_) look_up();
    if (known_.empty() && looking_) {
        const bool notified = co_await changed_.wait_until(deadline);
        if (!notified && known_.empty()) co_return errc::dns_failed;
    }
    if (known_.empty()) co_return errc::dns_failed;
    co_return rotated();
}

void dns_cache::look_up() {
    looking_ = true;
    // Without address_configured: that flag makes a machine that has only its loopback resolve nothing.
    resolver_.async_resolve(
        host_, std::to_string(port_), resolver::numeric_service,
        [self = shared_from_this()](boost::system::error_code ec, const resolver::results_type& found) {
            self->looked_up(ec, found);
        });
}

void dns_cache::looked_up(boost::system::error_code ec, const resolver::results_type& found) {
    looking_ = false;
    trouble_ = ec;
    const steady_time now = std::chrono::steady_clock::now();
    if (!ec && !found.empty()) {
        known_.clear();
        for (const auto& entry : found)
            known_.push_back(entry.endpoint());
        fresh_until_ = now + ttl_;
    } else {
        ++failures_;
        // Not at every exchange, but well before the time that an answer would have been good for.
        fresh_until_ =
            now + (known_.empty() ? duration{} : std::min<duration>(ttl_, std::chrono::seconds(1)));
    }
    changed_.notify_all();
}

std::string dns_cache::trouble() const {
    if (looking_) return "no answer from the resolver in time";
    return trouble_ ? trouble_.message() : "it has no address";
}

std::vector<tcp::endpoint> dns_cache::rotated() {
    std::vector<tcp::endpoint> out = known_;
    const auto shift = static_cast<std::ptrdiff_t>(turn_++ % out.size());
    std::rotate(out.begin(), out.begin() + shift, out.end());
    return out;
}

} // namespace offboard::http
