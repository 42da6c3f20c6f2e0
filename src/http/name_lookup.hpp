#pragma once

#include "socket.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace offboard::http {

/// Looks one host name up without blocking, by the threads that the system's library has for that
/// (getaddrinfo_a): a name that takes long holds up no other name. Made and used by the network thread.
class name_lookup {
public:
    struct outcome {
        int error = 0;        ///< of getaddrinfo(); 0: none
        bool starved = false; ///< with an error: this process had no descriptor left to ask with
        std::vector<tcp::endpoint> found;
    };
    /// On the network thread.
    using done = std::function<void(outcome)>;

    explicit name_lookup(boost::asio::io_context&);
    name_lookup(const name_lookup&) = delete;
    name_lookup& operator=(const name_lookup&) = delete;
    /// A look-up under way goes on; its result is dropped.
    ~name_lookup();

    void start(const std::string& host, std::uint16_t port, done);

private:
    struct mailbox;
    struct request;
    static void finished(request&);
    std::shared_ptr<mailbox> mailbox_;
};

} // namespace offboard::http
