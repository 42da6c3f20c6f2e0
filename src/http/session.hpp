#pragma once

#include "server_exchange.hpp"
#include "session_context.hpp"
#include "session_stream.hpp"

#include <boost/asio/awaitable.hpp>

#include <list>
#include <memory>

namespace offboard::http {

/// One connection: request after request until one side closes it. Owned by the task that runs it.
///
/// Its deadline cancels whatever the socket waits for and leaves the socket open, so that a request that came
/// too slowly still gets its 408.
class session final : private async::deadline_watch::entry {
public:
    /// `tls`: null for a plain connection.
    session(session_context&, tcp_socket, std::shared_ptr<boost::asio::ssl::context> tls);
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session();

    /// Never throws but for bugs. Cancelled: the exchange under way is abandoned.
    boost::asio::awaitable<void> run();

    /// Answers 503 without reading a request, over TLS after the handshake: there are too many connections.
    boost::asio::awaitable<void> turn_away();

    /// The server drains: closes an idle connection; a busy one ends with its answer.
    void drain();

    /// Closes at once.
    void cut();

private:
    void on_deadline() noexcept override;
    bool time_is_up(bool quiet);
    void expires_after(duration);

    /// What the loop does next: the bytes and the end of time decide it, the loop only reads and writes.
    enum class then : std::uint8_t {
        read,  ///< more of this message
        go_on, ///< the message is here, or has its answer
        part,  ///< the connection is closed in order
        cut,   ///< or at once
    };
    /// Sets the deadline for the next message. False: the connection ends before it.
    bool begin_wait(bool first);
    then on_head_bytes(boost::system::error_code, std::size_t n);
    then on_body_bytes(boost::system::error_code, std::size_t n);
    boost::asio::awaitable<bool> shake_hands();
    boost::asio::awaitable<void> answer_unasked(const fault&);
    boost::asio::awaitable<bool> write_rest(std::size_t written);
    boost::asio::awaitable<void> part();
    boost::asio::awaitable<void> end();
    boost::asio::awaitable<void> say_goodbye();
    boost::asio::awaitable<void> linger();

    session_context& shared_;
    std::list<session*>::iterator place_;
    session_stream stream_;
    steady_time opened_;
    server_exchange exchange_;
    bool idle_ = true;         ///< nothing of a next request has come
    bool timed_out_ = false;   ///< since the deadline was last set
    steady_time late_until_{}; ///< after timed_out_: a peer that sends byte by byte gets no more than this
};

} // namespace offboard::http
