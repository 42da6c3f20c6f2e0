#include "sandbox/server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

/// The server on a thread of its own, which alone touches engine and connections.
class running {
public:
    running()
        : engine_([] { return std::string("token"); }), server_(context_, engine_, 0), port_(server_.port()) {
        thread_ = std::thread([this] { context_.run(); });
    }

    ~running() {
        context_.stop();
        thread_.join();
    }

    running(const running&) = delete;
    running& operator=(const running&) = delete;

    [[nodiscard]] unsigned short port() const { return port_; }

private:
    sandbox::engine engine_;
    asio::io_context context_{1};
    sandbox::server server_;
    unsigned short port_;
    std::thread thread_;
};

/// A blocking client of one connection.
class client {
public:
    explicit client(const running& at) : socket_(context_) {
        socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), at.port()));
    }

    void send(const std::string& method, const std::string& target, const std::string& body,
              const std::string& type = "application/json") {
        const std::string text = method + ' ' + target +
                                 " HTTP/1.1\r\nHost: x\r\napi-key: k\r\napi-username: u\r\n" +
                                 "Content-Type: " + type +
                                 "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        asio::write(socket_, asio::buffer(text));
    }

    void forget() {
        send("PATCH", "/api/customer/forget", "customer_id=191", "application/x-www-form-urlencoded");
    }

    http::response<http::string_body> receive(error_code& fault) {
        http::response<http::string_body> out;
        http::read(socket_, buffer_, out, fault);
        return out;
    }

    http::response<http::string_body> call(const std::string& method, const std::string& target,
                                           const std::string& body = {}) {
        send(method, target, body);
        error_code fault;
        auto out = receive(fault);
        BOOST_TEST(!fault);
        return out;
    }

private:
    asio::io_context context_;
    tcp::socket socket_;
    boost::beast::flat_buffer buffer_;
};

void add_fault(const running& at, const std::string& fault) {
    client c(at);
    BOOST_REQUIRE(c.call("POST", "/sandbox/faults", fault).result_int() == 200U);
}

} // namespace

BOOST_AUTO_TEST_SUITE(sandbox_server)

BOOST_AUTO_TEST_CASE(a_connection_serves_one_call_after_another) {
    running at;
    client c(at);
    for (int i = 0; i < 3; ++i) {
        c.forget();
        error_code fault;
        const auto out = c.receive(fault);
        BOOST_TEST(!fault);
        BOOST_TEST(out.body() == "true");
    }
}

BOOST_AUTO_TEST_CASE(broken_answers_break_where_they_say) {
    const std::pair<const char*, error_code> table[] = {
        {"cut", http::make_error_code(http::error::end_of_stream)},
        {"cut_after_headers", http::make_error_code(http::error::partial_message)},
        {"cut_mid_body", http::make_error_code(http::error::partial_message)},
        {"truncated", http::make_error_code(http::error::partial_message)},
        {"reset", asio::error::make_error_code(asio::error::connection_reset)}};
    running at;
    for (const auto& [kind, expected] : table) {
        add_fault(at, std::string(R"({"call":"forget","kind":")") + kind + "\"}");
        client c(at);
        c.forget();
        error_code fault;
        static_cast<void>(c.receive(fault));
        BOOST_TEST_CONTEXT(kind) BOOST_TEST(fault == expected);
    }
}

BOOST_AUTO_TEST_CASE(a_pooled_connection_goes_stale_behind_its_answer) {
    running at;
    add_fault(at, R"({"kind":"close_after_answer"})");
    client c(at);
    c.forget();
    error_code fault;
    const auto out = c.receive(fault);
    BOOST_TEST(!fault);
    BOOST_TEST(out.keep_alive());
    static_cast<void>(c.receive(fault));
    BOOST_TEST(fault == http::make_error_code(http::error::end_of_stream));
}

BOOST_AUTO_TEST_CASE(a_stalled_call_ends_when_the_faults_are_cleared) {
    running at;
    add_fault(at, R"({"call":"forget","kind":"stall"})");
    client stalled(at);
    stalled.forget();
    client other(at);
    while (other.call("GET", "/sandbox/counts").body().find("\"in_flight\":1") == std::string::npos) {
        std::this_thread::yield();
    }
    other.call("DELETE", "/sandbox/faults");
    error_code fault;
    static_cast<void>(stalled.receive(fault));
    BOOST_TEST(fault == http::make_error_code(http::error::end_of_stream));
    BOOST_TEST(other.call("GET", "/sandbox/counts").body().find("\"in_flight\":0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_stalled_call_ends_when_its_client_goes) {
    running at;
    add_fault(at, R"({"call":"forget","kind":"stall"})");
    client other(at);
    {
        client stalled(at);
        stalled.forget();
        while (other.call("GET", "/sandbox/counts").body().find("\"in_flight\":1") == std::string::npos) {
            std::this_thread::yield();
        }
    }
    while (other.call("GET", "/sandbox/counts").body().find("\"in_flight\":0") == std::string::npos) {
        std::this_thread::yield();
    }
}

BOOST_AUTO_TEST_CASE(latency_holds_back_one_call_and_no_other) {
    running at;
    add_fault(at, R"({"call":"forget","latency_ms":3600000})");
    client late(at);
    late.forget();
    client other(at);
    while (other.call("GET", "/sandbox/counts").body().find("\"in_flight\":1") == std::string::npos) {
        std::this_thread::yield();
    }
    other.forget();
    error_code fault;
    BOOST_TEST(other.receive(fault).body() == "true");
}

BOOST_AUTO_TEST_SUITE_END()
