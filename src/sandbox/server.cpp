#include "server.hpp"

#include "body.hpp"
#include "wire.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>
#include <set>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;
using boost::system::error_code;

namespace sandbox {
namespace {

constexpr std::uint64_t most_body = 8U * 1024U * 1024U;
constexpr std::uint32_t most_header = 64U * 1024U;

} // namespace

/// What connections share. Outlives the server object when a handler still holds a connection.
class server::hub {
public:
    hub(asio::io_context& c, engine& e) : context(c), brain(e) {}

    [[nodiscard]] micros now() const {
        return std::chrono::duration_cast<micros>(std::chrono::steady_clock::now() - started_);
    }

    void release_stalls();
    void close_all();

    asio::io_context& context;
    engine& brain;
    std::set<session*> sessions;

private:
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// One connection: reads a request, waits its latency, answers, again.
class server::session : public std::enable_shared_from_this<session> {
public:
    session(tcp::socket socket, std::shared_ptr<hub> shared)
        : socket_(std::move(socket)), timer_(shared->context), hub_(std::move(shared)) {
        hub_->sessions.insert(this);
    }

    ~session() { hub_->sessions.erase(this); }

    session(const session&) = delete;
    session& operator=(const session&) = delete;

    void read() {
        parser_.emplace();
        parser_->body_limit(most_body);
        parser_->header_limit(most_header);
        http::async_read(
            socket_, buffer_, *parser_,
            [self = shared_from_this()](error_code fault, std::size_t) { self->on_read(fault); });
    }

    void end_stall() {
        if (stalled_) {
            close();
        }
    }

    void close() {
        settle();
        timer_.cancel();
        error_code ignored;
        socket_.close(ignored);
    }

private:
    void on_read(error_code fault) {
        if (fault) {
            if (fault.category() == http::make_error_code(http::error::bad_target).category() &&
                fault != http::error::end_of_stream && fault != http::error::partial_message) {
                outcome refused;
                refused.reply.status = fault == http::error::body_limit     ? 413
                                       : fault == http::error::header_limit ? 431
                                                                            : 400;
                refused.reply.body = "{}";
                keep_alive_ = false;
                next_ = std::move(refused);
                send();
            } else {
                close();
            }
            return;
        }
        const auto message = parser_->release();
        keep_alive_ = message.keep_alive();
        head_only_ = message.method() == http::verb::head;
        next_ = hub_->brain.receive(plain(message), hub_->now());
        if (next_.release_stalls) {
            hub_->release_stalls();
        }
        if (next_.delay.count() <= 0) {
            send();
            return;
        }
        timer_.expires_after(next_.delay);
        timer_.async_wait([self = shared_from_this()](error_code stopped) {
            if (!stopped) {
                self->send();
            }
        });
    }

    static request plain(const http::request<http::string_body>& message) {
        request r;
        r.method = std::string(message.method_string());
        r.target = std::string(message.target());
        for (const auto& field : message) {
            const auto name = field.name_string();
            const auto value = field.value();
            r.headers.push_back({lower(std::string_view(name.data(), name.size())), std::string(value)});
        }
        r.body = message.body();
        return r;
    }

    void send() {
        switch (next_.how) {
        case delivery::cut: close(); return;
        case delivery::reset: {
            error_code ignored;
            socket_.set_option(asio::socket_base::linger(true, 0), ignored);
            close();
            return;
        }
        case delivery::stall: stall(); return;
        default: break;
        }
        out_ = to_wire(next_.reply, next_.how, keep_alive_, head_only_);
        asio::async_write(
            socket_, asio::buffer(out_.bytes),
            [self = shared_from_this()](error_code fault, std::size_t) { self->on_sent(fault); });
    }

    void on_sent(error_code fault) {
        settle();
        if (fault || out_.close) {
            error_code ignored;
            socket_.shutdown(tcp::socket::shutdown_send, ignored);
            close();
            return;
        }
        read();
    }

    /// Says nothing until released or until the client goes: its end of stream makes the socket readable.
    void stall() {
        stalled_ = true;
        socket_.async_wait(tcp::socket::wait_read,
                           [self = shared_from_this()](error_code) { self->close(); });
    }

    void settle() {
        if (next_.seq != 0) {
            hub_->brain.finished(next_.seq, hub_->now());
            next_.seq = 0;
        }
    }

    tcp::socket socket_;
    asio::steady_timer timer_;
    std::shared_ptr<hub> hub_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    outcome next_;
    wire_answer out_;
    bool keep_alive_ = true;
    bool head_only_ = false;
    bool stalled_ = false;
};

void server::hub::release_stalls() {
    for (session* s : sessions) {
        s->end_stall();
    }
}

void server::hub::close_all() {
    for (session* s : sessions) {
        s->close();
    }
}

/// Accepts until closed. Out of descriptors it waits a little instead of spinning.
class server::listener : public std::enable_shared_from_this<listener> {
public:
    listener(std::shared_ptr<hub> shared, unsigned short port)
        : acceptor_(shared->context, tcp::endpoint(asio::ip::address_v4::loopback(), port)),
          pause_(shared->context), hub_(std::move(shared)) {}

    void accept() {
        acceptor_.async_accept([self = shared_from_this()](error_code fault, tcp::socket socket) {
            self->on_accept(fault, std::move(socket));
        });
    }

    void close() {
        error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
    }

    [[nodiscard]] unsigned short port() const { return acceptor_.local_endpoint().port(); }

private:
    void on_accept(error_code fault, tcp::socket socket) {
        if (!acceptor_.is_open()) {
            return;
        }
        if (fault) {
            pause_.expires_after(std::chrono::milliseconds(50));
            pause_.async_wait([self = shared_from_this()](error_code stopped) {
                if (!stopped) {
                    self->accept();
                }
            });
            return;
        }
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        std::make_shared<session>(std::move(socket), hub_)->read();
        accept();
    }

    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    std::shared_ptr<hub> hub_;
};

server::server(asio::io_context& context, engine& e, unsigned short port)
    : hub_(std::make_shared<hub>(context, e)), listener_(std::make_shared<listener>(hub_, port)) {
    listener_->accept();
}

server::~server() {
    stop();
}

unsigned short server::port() const {
    return listener_->port();
}

void server::stop() {
    listener_->close();
    hub_->close_all();
}

} // namespace sandbox
