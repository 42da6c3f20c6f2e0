#include "offboard/http/server.hpp"

#include "offboard/async/sleep.hpp"
#include "offboard/async/task_group.hpp"
#include "session.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/this_coro.hpp>

namespace offboard::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Connections beyond the cap that are told so at the same time; still more are closed without a word.
constexpr std::size_t most_turned_away = 64;

/// How often the log says that no connection can be accepted.
constexpr auto tell_every = std::chrono::seconds(10);

bool is_out_of_resources(const error_code& ec) noexcept {
    namespace errc = boost::system::errc;
    return ec == errc::too_many_files_open || ec == errc::too_many_files_open_in_system ||
           ec == errc::no_buffer_space || ec == errc::not_enough_memory;
}

asio::awaitable<void> run_session(std::unique_ptr<session> owned) {
    co_await owned->run();
}
asio::awaitable<void> turn_away(std::unique_ptr<session> owned) {
    co_await owned->turn_away();
}

} // namespace

struct server::implementation {
    implementation(asio::io_context& io, server_limits limits, handler& h, server_hooks hooks,
                   telemetry::log& log)
        : io_(io), shared_(io, limits, h, std::move(hooks), log), acceptor_(io),
          tasks_(io.get_executor(), log) {}

    result<std::uint16_t> listen(const std::string& address, std::uint16_t port);
    asio::awaitable<void> accept();
    void welcome(tcp_socket);
    void stop_accepting();
    asio::awaitable<void> drain(steady_time deadline);

    asio::io_context& io_;
    session_context shared_;
    tcp_acceptor acceptor_;
    steady_time tell_again_{};                ///< that connections cannot be accepted
    std::shared_ptr<asio::ssl::context> tls_; ///< of new connections; null: they are plain
    async::task_group tasks_;
};

result<std::uint16_t> server::implementation::listen(const std::string& address, std::uint16_t port) {
    error_code ec;
    const auto ip = asio::ip::make_address(address, ec);
    if (ec) return ec;
    const tcp::endpoint at(ip, port);
    acceptor_.open(at.protocol(), ec);
    if (!ec) acceptor_.set_option(tcp_acceptor::reuse_address(true), ec);
    if (!ec) acceptor_.bind(at, ec);
    if (!ec) acceptor_.listen(4096, ec);
    if (!ec) {
        const tcp::endpoint bound = acceptor_.local_endpoint(ec);
        if (!ec) {
            tasks_.spawn("accept", accept());
            return bound.port();
        }
    }
    error_code ignored;
    acceptor_.close(ignored);
    return ec;
}

asio::awaitable<void> server::implementation::accept() {
    while (acceptor_.is_open()) {
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return;
        tcp_socket peer(io_.get_executor());
        const auto [refused] = co_await acceptor_.async_accept(peer, as_values);
        error_code ec = refused;
        if (!ec)
            prepare(peer, ec);
        else if (is_out_of_resources(ec)) {
            // accept() would fail again at once and for ever: leave the loop to those who can free something.
            const steady_time now = std::chrono::steady_clock::now();
            if (now >= tell_again_) {
                shared_.log.warn("cannot accept connections", {{"error", ec.message()}});
                tell_again_ = now + tell_every;
            }
            co_await async::sleep_for(std::chrono::milliseconds(100));
        }
        if (!ec) welcome(std::move(peer));
    }
}

void server::implementation::welcome(tcp_socket peer) {
    const std::size_t open = shared_.sessions.size();
    if (open >= shared_.limits.connections + most_turned_away) return;
    auto made = std::make_unique<session>(shared_, std::move(peer), tls_);
    if (open >= shared_.limits.connections)
        tasks_.spawn("turn away", turn_away(std::move(made)));
    else
        tasks_.spawn("session", run_session(std::move(made)));
}

void server::implementation::stop_accepting() {
    error_code ec;
    acceptor_.non_blocking(true, ec);
    // The system resets what still waits to be accepted when the listening socket closes.
    while (!ec && acceptor_.is_open()) {
        tcp_socket peer(io_.get_executor());
        acceptor_.accept(peer, ec);
        if (ec) break;
        prepare(peer, ec);
        if (!ec) welcome(std::move(peer));
    }
    error_code ignored;
    acceptor_.close(ignored);
}

asio::awaitable<void> server::implementation::drain(steady_time deadline) {
    stop_accepting();
    shared_.closing = shared_.draining = true;
    for (session* s : shared_.sessions)
        s->drain();
    const bool joined = co_await tasks_.join_until(deadline);
    if (joined) co_return;
    shared_.log.warn("connections cut at the end of the drain", {{"connections", shared_.sessions.size()}});
    tasks_.cancel();
    for (session* s : shared_.sessions)
        s->cut();
    co_await tasks_.join();
}

server::server(asio::io_context& io, server_limits limits, handler& h, server_hooks hooks,
               telemetry::log& log)
    : self_(std::make_unique<implementation>(io, limits, h, std::move(hooks), log)) {}

server::~server() = default;

std::optional<tls_fault> server::use(const tls_material& material) {
    tls_fault found;
    tls_context made = make_tls_context(material, found);
    if (!made) return found;
    self_->tls_ = std::make_shared<asio::ssl::context>(made.release());
    return std::nullopt;
}

result<std::uint16_t> server::listen(const std::string& address, std::uint16_t port) {
    return self_->listen(address, port);
}

void server::stop_accepting() {
    self_->stop_accepting();
}

void server::announce_close() noexcept {
    self_->shared_.closing = true;
}

asio::awaitable<void> server::drain(steady_time deadline) {
    return self_->drain(deadline);
}

std::size_t server::connections() const noexcept {
    return self_->shared_.sessions.size();
}

std::size_t server::in_flight() const noexcept {
    return self_->shared_.in_flight;
}

std::size_t server::body_bytes() const noexcept {
    return self_->shared_.bodies.held();
}

std::size_t server::unread_bytes() const noexcept {
    return self_->shared_.unread;
}

} // namespace offboard::http
