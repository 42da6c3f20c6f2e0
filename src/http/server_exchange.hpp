#pragma once

#include "request_reader.hpp"
#include "session_context.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace offboard::http {

/// One request of a connection and its answer, and then the next: bytes that have come go in, and the bytes
/// of the answer come out. Decides what is wrong with a request; waits for nothing and owns no socket. Owned
/// by the session.
class server_exchange {
public:
    explicit server_exchange(session_context&);

    /// Where the next bytes are read to; then commit().
    boost::asio::mutable_buffer room();
    void commit(std::size_t n) { buffer_.commit(n); }
    /// Bytes behind what has been read of the message.
    bool has_unread() const noexcept { return buffer_.size() != 0; }
    /// RFC 9112 2.2: empty lines before a request are not held against it. True when nothing has come but
    /// those.
    bool nothing_has_come();

    void begin_message();
    void read_head();
    /// Decides what can be decided before the body is read.
    void judge_head();
    /// Keeps of the request what is needed after the handler has moved from it.
    void remember_request();
    void read_more_body();
    bool needs_more() const noexcept { return progress_ == progress::need_more; }
    bool wants_body() const noexcept { return !answer_ && needs_more(); }
    bool wants_interim_answer() const noexcept;

    /// For the handler.
    request take_request() { return std::move(request_); }
    bool has_answer() const noexcept { return answer_.has_value(); }
    void answer(response made) { answer_.emplace(std::move(made)); }
    void answer_with(const fault&);
    void end_with_exception(std::string_view what);
    void count(refusal);

    /// Makes the head of the answer; parts() are to be written then.
    void compose();
    std::array<boost::asio::const_buffer, 2> parts() const noexcept;
    /// All answers share the body: it takes no memory of this connection.
    bool shares_body() const noexcept { return answer_->shared_body != nullptr; }
    void report(bool delivered);

    bool is_last() const noexcept { return last_; } ///< the connection ends with this answer
    /// What the client still sends is not wanted.
    bool rest_unread() const noexcept { return rest_unread_; }

private:
    std::string_view unread() const noexcept;
    bool sends_body() const noexcept;
    void refuse_for_now(const fault&, refusal);

    session_context& shared_;
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
    bool last_ = false;
    bool rest_unread_ = false;
};

} // namespace offboard::http
