#pragma once

#include "offboard/async/deadline_watch.hpp"
#include "offboard/base/error.hpp"
#include "socket.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace offboard::http {

class connection;

/// Who wants to know that an idle connection's time is up.
class connection_keeper {
public:
    virtual void discard_idle(connection&) noexcept = 0;

protected:
    ~connection_keeper() = default;
};

/// One connection to a vendor, plain or TLS. Owned by the pool while idle and by one exchange while in use.
/// At its deadline an idle one is discarded; of one in use every step is cancelled, and timed_out() tells
/// why. What has arrived by then can still be read, for at most a second.
class connection final : private async::deadline_watch::entry {
public:
    using tls_stream = boost::asio::ssl::stream<tcp_socket&>;

    /// `connected` is.
    connection(tcp_socket connected, async::deadline_watch&, connection_keeper&);
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection();

    /// With a context, shakes hands. `host` is what the certificate has to name. tls_failed; `cause` becomes
    /// what the system or the TLS library says of it.
    boost::asio::awaitable<result<void>> secure(boost::asio::ssl::context*, const std::string& host,
                                                bool literal_host, steady_time deadline, std::string& cause);

    /// Kept by the pool from now on, until then.
    void rest(steady_time until);

    /// Taken by an exchange. The deadline covers all that follows.
    void wake(steady_time deadline);

    bool timed_out() const noexcept { return timed_out_; }
    /// Asked after each read of an exchange. True when the deadline has passed and the answer is not here.
    /// `quiet`: the read brought nothing. TLS keeps bytes that the socket no longer shows, so only a read
    /// that brings nothing proves that nothing is left.
    bool time_is_up(bool quiet);

    bool made_with(boost::asio::ssl::context&) noexcept;

    /// True when the other side has neither closed nor said anything unasked.
    bool seems_alive();

    tcp_socket& socket() noexcept { return socket_; }
    tls_stream* tls() noexcept { return tls_ ? &*tls_ : nullptr; }
    boost::beast::flat_buffer& buffer() noexcept { return buffer_; }
    std::string& outgoing() noexcept { return outgoing_; }
    std::string_view unread() const noexcept;

    steady_time opened() const noexcept { return opened_; }
    bool reused() const noexcept { return reused_; }

private:
    void on_deadline() noexcept override;

    connection_keeper& keeper_;
    tcp_socket socket_;
    std::optional<tls_stream> tls_;
    boost::beast::flat_buffer buffer_;
    std::string outgoing_;
    steady_time opened_{};
    bool idle_ = false;
    bool reused_ = false;
    bool timed_out_ = false;
    steady_time late_until_{}; ///< after timed_out_: a peer that sends byte by byte gets no more than this
};

} // namespace offboard::http
