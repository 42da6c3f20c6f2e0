#pragma once

#include "answer_head.hpp"
#include "offboard/async/deadline_watch.hpp"
#include "offboard/http/server.hpp"
#include "request_reader.hpp"
#include "session_stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace offboard::http {

class session;

/// What the sessions of one server share. Outlives them.
struct session_context {
    session_context(boost::asio::io_context&, server_limits, handler&, server_hooks, telemetry::log&);

    server_limits limits;
    handler& serve;
    server_hooks hooks;
    telemetry::log& log;
    async::deadline_watch watch; ///< its grain follows from the shortest limit
    body_budget bodies;
    std::list<session*> sessions;
    std::size_t in_flight = 0;
    std::size_t unread = 0; ///< bytes of answers that wait for their clients
    bool closing = false;   ///< every answer says that the connection ends with it
    bool draining = false;  ///< idle connections end
    date_line date;
};

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

    std::string_view unread() const noexcept;
    boost::asio::mutable_buffer room();
    bool nothing_has_come();

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
    bool wants_body() const noexcept { return !answer_ && progress_ == progress::need_more; }

    void begin_message();
    void remember_request();
    bool sends_body() const noexcept;
    void read_head();
    void judge_head();
    bool wants_interim_answer() const noexcept;
    void read_more_body();
    void answer_with(const fault&);
    void refuse_for_now(const fault&, refusal);
    void count(refusal);
    void end_with_exception(std::string_view what);
    void compose();
    void report(bool delivered);

    std::array<boost::asio::const_buffer, 2> parts() const noexcept;

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
    boost::beast::flat_buffer buffer_;
    std::string head_; ///< of the answer being written
    request request_;
    /// What is needed of the request after the handler has moved from it.
    struct {
        std::string id;
        std::string_view method;
        std::string_view route;
        steady_time received{};
        telemetry::trace_context trace;
        bool head = false;
    } known_;
    std::optional<request_reader> reader_;
    std::optional<response> answer_;
    progress progress_ = progress::need_more;
    bool idle_ = true;         ///< nothing of a next request has come
    bool timed_out_ = false;   ///< since the deadline was last set
    steady_time late_until_{}; ///< after timed_out_: a peer that sends byte by byte gets no more than this
    bool last_ = false;        ///< the connection ends with this answer
    bool rest_unread_ = false; ///< and what the client still sends is not wanted
};

} // namespace offboard::http
