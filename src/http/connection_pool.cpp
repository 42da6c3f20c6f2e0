#include "connection_pool.hpp"

#include "connect_race.hpp"

#include "offboard/async/is_cancelled.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <openssl/ssl.h>

#include <algorithm>
#include <stdexcept>

namespace offboard::http {

namespace asio = boost::asio;
using boost::system::error_code;
using clock_now = std::chrono::steady_clock;

namespace {

std::shared_ptr<asio::ssl::context> make_tls(const std::string& roots) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS); // an idle one needs no 32 KiB
    context->set_verify_mode(asio::ssl::verify_peer);
    error_code ec;
    // Once per client: every call reads the whole store of roots again.
    if (roots.empty())
        context->set_default_verify_paths(ec);
    else
        context->add_certificate_authority(asio::buffer(roots), ec);
    if (ec) throw std::runtime_error("the trusted certificates cannot be read");
    return context;
}

duration grain_for(const client_settings& s) {
    const duration shortest = std::min(s.idle_limit, s.connect_timeout);
    return std::clamp<duration>(shortest / 8, std::chrono::milliseconds(1), std::chrono::milliseconds(10));
}

/// Our own descriptors, ports or buffers are used up: the other side is not to blame.
bool is_out_of_resources(const error_code& ec) noexcept {
    namespace sys = boost::system::errc;
    return ec == sys::too_many_files_open || ec == sys::too_many_files_open_in_system ||
           ec == sys::no_buffer_space || ec == sys::not_enough_memory || ec == sys::address_not_available;
}

/// A host as its certificate names it: without the dot that ends an absolute name (RFC 6066, section 3).
std::string without_dot(const std::string& host) {
    return host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
}

} // namespace

connection_pool::connection_pool(asio::io_context& io, const client_settings& settings,
                                 client_counters& counters)
    : io_(io), settings_(settings), counters_(counters), watch_(io, grain_for(settings)),
      names_(std::make_shared<dns_cache>(io, settings.host, settings.port, settings.dns_ttl)),
      server_name_(without_dot(settings.host)) {
    if (settings.tls) tls_ = make_tls(settings.roots);
}

void connection_pool::trust(const std::string& roots) {
    if (!settings_.tls) return;
    tls_ = make_tls(roots);
    idle_.clear();
}

lease connection_pool::take() {
    const steady_time now = clock_now::now();
    while (!idle_.empty()) {
        std::unique_ptr<connection> c = std::move(idle_.back());
        idle_.pop_back();
        if (now - c->opened() >= settings_.age_limit) continue;
        if (!c->seems_alive()) {
            ++counters_.found_dead;
            continue;
        }
        ++in_use_;
        return lease(*this, std::move(c));
    }
    // Exchanges that wait already come first.
    if (in_use_ >= settings_.most_connections || !waiting_.empty()) return {};
    ++in_use_;
    return lease(*this);
}

asio::awaitable<lease> connection_pool::wait(steady_time deadline) {
    waiter self;
    const auto place = waiting_.insert(waiting_.end(), &self);
    const bool notified = co_await self.ready.wait_until(deadline);
    if (!notified && !self.given) waiting_.erase(place);
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    // What was given too late goes on to the next when this frame dies.
    if (stopped_ || async::is_cancelled(state)) co_return lease();
    if (self.given.has_connection() && !self.given->seems_alive()) {
        ++counters_.found_dead;
        self.given.drop_connection();
    }
    co_return std::move(self.given);
}

void connection_pool::take_back(std::unique_ptr<connection> c) noexcept {
    const steady_time now = clock_now::now();
    if (c && (stopped_ || c->timed_out() || now - c->opened() >= settings_.age_limit)) c.reset();
    if (c && tls_ && !c->made_with(*tls_)) c.reset(); // the roots are others by now
    if (!waiting_.empty() && !stopped_) {
        waiter& next = *waiting_.front();
        waiting_.pop_front();
        if (c) c->rest(now + settings_.idle_limit);
        next.given = lease(*this, std::move(c));
        next.ready.notify_all();
        return;
    }
    --in_use_;
    if (c) {
        c->rest(std::min(now + settings_.idle_limit, c->opened() + settings_.age_limit));
        idle_.push_back(std::move(c));
    }
    if (stopped_ && in_use_ == 0) emptied_.notify_all();
}

void connection_pool::discard_idle(connection& c) noexcept {
    std::erase_if(idle_, [&c](const std::unique_ptr<connection>& one) { return one.get() == &c; });
}

asio::awaitable<result<void>> connection_pool::open(lease& held, steady_time deadline, std::string& cause) {
    auto found = co_await names_->addresses(deadline);
    counters_.dns_failures = names_->failures();
    if (!found) {
        cause = names_->trouble();
        co_return found.error();
    }
    result<void> outcome = errc::connect_failed;
    std::vector<tcp::endpoint> left = std::move(*found);
    const std::shared_ptr<asio::ssl::context> context = tls_;
    while (!left.empty()) {
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        const steady_time now = clock_now::now();
        if (async::is_cancelled(state) || now >= deadline) break;
        // The whole race has as long as one address would have, and time is left for the handshake.
        const steady_time until = std::min(deadline, now + settings_.connect_timeout);
        const auto race = std::make_shared<connect_race>(io_, left);
        const std::optional<std::size_t> winner = co_await race->run(until);
        for (const tcp::endpoint& dead : race->failed())
            names_->failed(dead);
        if (!winner) {
            const error_code why = race->trouble();
            // An address that answered badly says more than an address that does not answer.
            if (to_errc(outcome.error()) == errc::connect_failed) {
                cause = why ? why.message() : "no answer in time";
                if (is_out_of_resources(why)) outcome = errc::no_resources;
            }
            break;
        }
        const tcp::endpoint to = left[*winner];
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(*winner));
        auto made = std::make_unique<connection>(race->take(*winner), watch_, *this);
        outcome = co_await made->secure(context.get(), server_name_, names_->literal(), until, cause);
        if (outcome) {
            ++counters_.connected;
            held.set(std::move(made));
            break;
        }
        names_->failed(to);
    }
    co_return outcome;
}

asio::awaitable<void> connection_pool::stop() {
    stopped_ = true;
    idle_.clear();
    for (waiter* w : waiting_)
        w->ready.notify_all();
    waiting_.clear();
    while (in_use_ != 0) {
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (async::is_cancelled(state)) co_return;
        co_await emptied_.wait_until(steady_time::max());
    }
}

} // namespace offboard::http
