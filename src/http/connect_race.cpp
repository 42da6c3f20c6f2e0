#include "connect_race.hpp"

#include "offboard/async/is_cancelled.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace offboard::http {

namespace asio = boost::asio;
using boost::system::error_code;
using clock_now = std::chrono::steady_clock;

void connect_race::start(std::size_t i) {
    sockets_.push_back(std::make_unique<tcp_socket>(io_.get_executor()));
    sockets_.back()->async_connect(
        to_[i], [self = shared_from_this(), i](const error_code& ec) { self->ended(i, ec); });
}

void connect_race::ended(std::size_t i, error_code ec) {
    if (!ec && !winner_) prepare(*sockets_[i], ec);
    if (ec) {
        ++ended_;
        if (ec != asio::error::operation_aborted) trouble_ = ec;
    } else if (!winner_) {
        winner_ = i;
    }
    changed_.notify_all();
}

asio::awaitable<std::optional<std::size_t>> connect_race::run(steady_time deadline) {
    const std::shared_ptr<connect_race> alive = shared_from_this();
    steady_time next_start = clock_now::now();
    while (!winner_) {
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        const steady_time now = clock_now::now();
        if (async::is_cancelled(state) || now >= deadline) break;
        const bool more = sockets_.size() < to_.size();
        if (!more && ended_ == to_.size()) break;
        if (more && (now >= next_start || ended_ == sockets_.size())) {
            start(sockets_.size());
            next_start = now + apart;
            continue;
        }
        const steady_time until = more ? std::min(deadline, next_start) : deadline;
        co_await changed_.wait_until(until);
    }
    error_code ignored;
    for (std::size_t i = 0; i < sockets_.size(); ++i)
        if (winner_ != i) sockets_[i]->close(ignored);
    co_return winner_;
}

std::vector<tcp::endpoint> connect_race::failed() const {
    std::vector<tcp::endpoint> out;
    // An attempt that was given up because another won has failed only if it was begun well before.
    const std::size_t last = winner_ ? *winner_ : sockets_.size();
    for (std::size_t i = 0; i < last; ++i)
        out.push_back(to_[i]);
    return out;
}

} // namespace offboard::http
