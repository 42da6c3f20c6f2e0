#include "offboard/http/client.hpp"

#include "connection_pool.hpp"
#include "exchange_text.hpp"
#include "gunzip.hpp"
#include "response_reader.hpp"

#include "offboard/async/is_cancelled.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>

#include <algorithm>

namespace offboard::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

namespace {

constexpr std::size_t usual_room = 4u << 10;
constexpr std::size_t long_room = 64u << 10;

/// The ways in which a kept connection turns out to have been closed by the other side.
bool is_stale(const error_code& ec) {
    return ec == asio::error::eof || ec == asio::error::connection_reset || ec == asio::error::broken_pipe ||
           ec == asio::error::connection_aborted || ec == asio::ssl::error::stream_truncated;
}

/// An answer that was encoded although we asked for none: gzip is decoded. False when what says gzip is none.
/// An answer in another coding stays as it is: it cannot be read.
bool decode(incoming_response& answer, std::size_t most) {
    const std::string_view coding = answer.header("content-encoding");
    if (!beast::iequals(coding, "gzip") && !beast::iequals(coding, "x-gzip")) return true;
    if (answer.body.empty()) return true;
    std::optional<std::string> plain = gunzip(answer.body, most);
    if (!plain) return false;
    answer.body = std::move(*plain);
    return true;
}

/// What became of one try on one connection.
struct attempt {
    bool sent = false;     ///< a byte of the request may have left
    bool answered = false; ///< a byte of the answer came
    bool clean = false;    ///< the connection may serve another exchange
    error_code broken;     ///< of the connection
};

} // namespace

struct client::implementation {
    implementation(asio::io_context& io, client_settings s, telemetry::log& log)
        : settings_(std::move(s)), log_(log), text_(settings_), pool_(io, settings_, counters_) {}

    asio::awaitable<result<incoming_response>> exchange(outgoing_request, steady_time, may_repeat repeat,
                                                        std::string* cause);
    asio::awaitable<result<lease>> check_out(steady_time deadline);
    asio::awaitable<result<void>> send_and_receive(connection&, const outgoing_request&, incoming_response&,
                                                   attempt&);

    client_settings settings_;
    telemetry::log& log_;
    client_counters counters_;
    exchange_text text_;
    connection_pool pool_;
};

/// The slow way to a connection: a wait for one, or a new one.
asio::awaitable<result<lease>> client::implementation::check_out(steady_time deadline) {
    lease held = co_await pool_.wait(deadline);
    if (held) co_return held;
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (async::is_cancelled(state) || pool_.stopped()) co_return errc::cancelled;
    co_return errc::pool_exhausted;
}

asio::awaitable<result<incoming_response>> client::implementation::exchange(outgoing_request request,
                                                                            steady_time deadline,
                                                                            may_repeat repeat,
                                                                            std::string* cause) {
    const bool throwing = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    incoming_response answer;
    result<void> outcome = errc::cancelled;
    std::string why;
    lease held;
    bool sent_before = false;
    for (bool again = true; again;) {
        again = false;
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (async::is_cancelled(state) || pool_.stopped()) {
            outcome = errc::cancelled;
            break;
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            outcome = errc::pool_exhausted;
            break;
        }
        if (!held) held = pool_.take();
        if (!held) {
            result<lease> given = co_await check_out(deadline);
            if (!given) {
                outcome = given.error();
                break;
            }
            held = std::move(*given);
        }
        if (!held.has_connection()) {
            outcome = co_await pool_.open(held, deadline, why);
            const asio::cancellation_state now = co_await asio::this_coro::cancellation_state;
            if (async::is_cancelled(now)) outcome = errc::cancelled;
            if (!outcome) break;
        }
        if (held->reused()) ++counters_.reused;
        held->wake(deadline);
        attempt tried;
        outcome = co_await send_and_receive(*held, request, answer, tried);
        if (outcome) {
            if (tried.clean) held.keep();
            if (!decode(answer, settings_.most_answer_bytes)) outcome = errc::answer_malformed;
            break;
        }
        const bool lost = to_errc(outcome.error()) != errc::answer_timeout;
        why = lost && tried.broken ? tried.broken.message() : std::string();
        // A kept connection that died under us, before anything came back: once more, on a new one.
        const bool died_idle = held->reused() && !tried.answered && is_stale(tried.broken);
        if (died_idle && (!tried.sent || (repeat && repeat()))) {
            ++counters_.sent_again;
            sent_before = sent_before || tried.sent;
            held.drop_connection();
            answer = incoming_response{};
            again = true;
        } else if (died_idle) {
            outcome = errc::connection_stale;
        }
    }
    co_await asio::this_coro::throw_if_cancelled(throwing);
    // That the second try sent nothing does not undo the first.
    if (!outcome && sent_before && nothing_was_sent(to_errc(outcome.error()))) outcome = errc::answer_lost;
    if (!outcome) {
        if (cause) *cause = std::move(why);
        co_return outcome.error();
    }
    co_return answer;
}

asio::awaitable<result<void>> client::implementation::send_and_receive(connection& to,
                                                                       const outgoing_request& request,
                                                                       incoming_response& answer,
                                                                       attempt& tried) {
    text_.write(to.outgoing(), request);
    std::size_t written = 0;
    if (!to.tls()) {
        error_code ec;
        written = to.socket().write_some(asio::buffer(to.outgoing()), ec);
        if (ec == asio::error::would_block) ec.clear();
        tried.broken = ec;
        tried.sent = written > 0;
        if (ec) co_return errc::connect_failed;
    }
    if (written < to.outgoing().size()) {
        const asio::const_buffer rest = asio::buffer(to.outgoing()) + written;
        tried.sent = true;
        if (to.tls()) {
            const auto [ec, n] = co_await asio::async_write(*to.tls(), rest, as_values);
            tried.broken = ec;
        } else {
            const auto [ec, n] = co_await asio::async_write(to.socket(), rest, as_values);
            tried.broken = ec;
        }
    }
    // After a write that failed the answer is read all the same: it may say why the rest was not wanted.
    const answer_bounds bounds{settings_.most_header_bytes, settings_.most_answer_bytes};
    response_reader reader(answer, bounds, request.method == "HEAD");
    for (;;) {
        const std::size_t space = std::clamp(reader.announced(), usual_room, long_room);
        const asio::mutable_buffer room = to.buffer().prepare(space);
        error_code ec;
        std::size_t came = 0;
        if (to.tls()) {
            const auto [failed, n] = co_await to.tls()->async_read_some(room, as_values);
            ec = failed;
            came = n;
        } else {
            const auto [failed, n] = co_await to.socket().async_read_some(room, as_values);
            ec = failed;
            came = n;
        }
        to.buffer().commit(came);
        if (to.buffer().size() != 0) tried.answered = true;
        std::size_t used = 0;
        response_reader::progress state = reader.read(to.unread(), used);
        to.buffer().consume(used);
        if (state == response_reader::progress::need_more && ec == asio::error::eof)
            state = reader.read_end();
        if (state == response_reader::progress::complete) {
            tried.clean =
                !ec && !tried.broken && !to.timed_out() && reader.keep_alive() && to.buffer().size() == 0;
            co_return result<void>();
        }
        const bool cut_by_deadline = to.timed_out() && ec == asio::error::operation_aborted;
        if (state == response_reader::progress::need_more && (!ec || cut_by_deadline)) {
            if (to.time_is_up(came == 0)) co_return errc::answer_timeout;
            continue;
        }
        if (ec && !tried.broken) tried.broken = ec;
        if (ec && to.timed_out()) co_return errc::answer_timeout;
        if (state == response_reader::progress::failed) co_return reader.failure();
        if (ec) co_return errc::answer_lost;
    }
}

client::client(asio::io_context& io, client_settings settings, telemetry::log& log)
    : self_(std::make_unique<implementation>(io, std::move(settings), log)) {}

client::~client() = default;

asio::awaitable<result<incoming_response>> client::exchange(outgoing_request request, steady_time deadline,
                                                            may_repeat repeat, std::string* cause) {
    return self_->exchange(std::move(request), deadline, std::move(repeat), cause);
}

asio::awaitable<void> client::stop() {
    return self_->pool_.stop();
}

void client::trust(const std::string& roots) {
    self_->pool_.trust(roots);
}

const client_counters& client::counters() const noexcept {
    return self_->counters_;
}

std::size_t client::open_connections() const noexcept {
    return self_->pool_.open_connections();
}

} // namespace offboard::http
