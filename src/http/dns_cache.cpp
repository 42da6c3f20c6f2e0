#include "dns_cache.hpp"

#include <algorithm>
#include <netdb.h>

namespace offboard::http {

namespace asio = boost::asio;

dns_cache::dns_cache(asio::io_context& io, std::string host, std::uint16_t port, duration ttl)
    : host_(std::move(host)), port_(port), ttl_(ttl), lookup_(io) {
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(host_, ec);
    // RFC 6761 6.3: loopback by definition. Not every machine's files say so, and no name server is asked.
    const bool here = host_ == "localhost" || host_ == "localhost.";
    literal_ = !ec;
    fixed_ = here || literal_;
    if (!ec) known_.emplace_back(address, port_);
    if (!here) return;
    known_.emplace_back(asio::ip::address_v4::loopback(), port_);
    known_.emplace_back(asio::ip::address_v6::loopback(), port_);
}

asio::awaitable<result<std::vector<tcp::endpoint>>> dns_cache::addresses(steady_time deadline) {
    const std::shared_ptr<dns_cache> alive = shared_from_this();
    const steady_time now = std::chrono::steady_clock::now();
    const bool may_look = !looking_ || now >= looking_since_ + longest_look_up;
    if (!fixed_ && may_look && now >= fresh_until_) look_up(now);
    if (known_.empty() && looking_) {
        const bool notified = co_await changed_.wait_until(deadline);
        if (!notified && known_.empty()) co_return errc::dns_failed;
    }
    if (known_.empty()) co_return starved_ ? errc::no_resources : errc::dns_failed;
    co_return in_order();
}

void dns_cache::look_up(steady_time now) {
    looking_ = true;
    looking_since_ = now;
    lookup_.start(host_, port_, [weak = weak_from_this()](name_lookup::outcome made) {
        if (const auto self = weak.lock()) self->looked_up(std::move(made));
    });
}

void dns_cache::looked_up(name_lookup::outcome made) {
    looking_ = false;
    starved_ = made.starved;
    trouble_ = made.error == 0 ? ""
               : made.starved  ? "no descriptor left to ask with"
                               : gai_strerror(made.error);
    std::vector<tcp::endpoint> found = std::move(made.found);
    const steady_time now = std::chrono::steady_clock::now();
    if (!found.empty()) {
        known_ = std::move(found);
        std::erase_if(avoided_, [this](const auto& one) {
            return std::ranges::find(known_, one.first) == known_.end();
        });
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
    return trouble_.empty() ? "it has no address" : trouble_;
}

void dns_cache::failed(const tcp::endpoint& address) {
    if (known_.size() > 1) avoided_[address] = std::chrono::steady_clock::now() + avoided_for;
}

std::vector<tcp::endpoint> dns_cache::in_order() {
    std::vector<tcp::endpoint> turned = known_;
    const auto shift = static_cast<std::ptrdiff_t>(turn_++ % turned.size());
    std::rotate(turned.begin(), turned.begin() + shift, turned.end());
    // The families in turn (RFC 8305, section 4): when one of them is broken the other is tried next.
    const bool first_is_v6 = turned.front().address().is_v6();
    std::vector<tcp::endpoint> same;
    std::vector<tcp::endpoint> other;
    for (const tcp::endpoint& e : turned)
        (e.address().is_v6() == first_is_v6 ? same : other).push_back(e);
    std::vector<tcp::endpoint> out;
    for (std::size_t i = 0; i < std::max(same.size(), other.size()); ++i) {
        if (i < same.size()) out.push_back(same[i]);
        if (i < other.size()) out.push_back(other[i]);
    }
    const steady_time now = std::chrono::steady_clock::now();
    std::stable_partition(out.begin(), out.end(), [&](const tcp::endpoint& e) {
        const auto at = avoided_.find(e);
        return at == avoided_.end() || at->second <= now;
    });
    return out;
}

} // namespace offboard::http
