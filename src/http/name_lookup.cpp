#include "name_lookup.hpp"

#include <boost/asio/post.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace offboard::http {

/// Where the system's thread leaves a result. `io` is null once no result is waited for.
struct name_lookup::mailbox {
    std::mutex mutex;
    boost::asio::io_context* io = nullptr;
};

/// Lives until the system has answered.
struct name_lookup::request {
    std::string host;
    std::uint16_t port = 0;
    addrinfo hints{};
    gaicb one{};
    done told;
    std::shared_ptr<mailbox> to;
};

name_lookup::name_lookup(boost::asio::io_context& io) : mailbox_(std::make_shared<mailbox>()) {
    mailbox_->io = &io;
}

name_lookup::~name_lookup() {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->io = nullptr;
}

namespace {

/// Whether this process can open a descriptor; asked where a look-up has failed, for the resolver says only
/// that it has failed.
bool has_descriptors() {
    const int one = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (one < 0) return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    ::close(one);
    return true;
}

} // namespace

void name_lookup::finished(request& r) {
    outcome made;
    made.error = gai_error(&r.one);
    made.starved = made.error != 0 && !has_descriptors();
    for (const addrinfo* at = made.error == 0 ? r.one.ar_result : nullptr; at; at = at->ai_next) {
        tcp::endpoint to;
        if (at->ai_addrlen > to.capacity()) continue;
        std::memcpy(to.data(), at->ai_addr, at->ai_addrlen);
        to.resize(at->ai_addrlen);
        to.port(r.port);
        made.found.push_back(to);
    }
    if (made.error == 0) freeaddrinfo(r.one.ar_result);
    const std::lock_guard lock(r.to->mutex);
    if (!r.to->io) return;
    boost::asio::post(*r.to->io, [to = r.to, told = std::move(r.told), made = std::move(made)]() mutable {
        {
            const std::lock_guard still(to->mutex);
            if (!to->io) return;
        }
        told(std::move(made));
    });
}

void name_lookup::start(const std::string& host, std::uint16_t port, done told) {
    auto made = std::make_unique<request>();
    made->host = host;
    made->port = port;
    // Without AI_ADDRCONFIG: that flag makes a machine that has only its loopback resolve nothing.
    made->hints.ai_socktype = SOCK_STREAM;
    made->hints.ai_family = AF_UNSPEC;
    made->one.ar_name = made->host.c_str();
    made->one.ar_request = &made->hints;
    made->told = std::move(told);
    made->to = mailbox_;
    sigevent when{};
    when.sigev_notify = SIGEV_THREAD;
    when.sigev_value.sival_ptr = made.get();
    when.sigev_notify_function = [](sigval value) {
        const std::unique_ptr<request> done_with(static_cast<request*>(value.sival_ptr));
        finished(*done_with);
    };
    gaicb* list[] = {&made->one};
    const int refused = getaddrinfo_a(GAI_NOWAIT, list, 1, &when);
    if (refused == 0) {
        static_cast<void>(made.release()); // the system's thread has it now
        return;
    }
    boost::asio::post(*mailbox_->io, [to = mailbox_, then = std::move(made->told), refused] {
        {
            const std::lock_guard still(to->mutex);
            if (!to->io) return;
        }
        then({refused, !has_descriptors(), {}});
    });
}

} // namespace offboard::http
