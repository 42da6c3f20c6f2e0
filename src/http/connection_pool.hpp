#pragma once

#include "connection.hpp"
#include "dns_cache.hpp"
#include "offboard/async/signal_event.hpp"
#include "offboard/http/client.hpp"

#include <boost/asio/ssl/context.hpp>

#include <list>
#include <memory>
#include <vector>

namespace offboard::http {

/// The right to have one connection open, and that connection once there is one. It goes back to the pool
/// when the lease dies: with the connection if keep() was called, else the connection is closed.
class connection_pool;

class [[nodiscard]] lease {
public:
    lease() = default;
    explicit lease(connection_pool& pool, std::unique_ptr<connection> c = nullptr)
        : pool_(&pool), connection_(std::move(c)) {}
    lease(lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
    lease& operator=(lease&& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(connection_, other.connection_);
        return *this;
    }
    ~lease() { give_back(nullptr); }

    explicit operator bool() const noexcept { return pool_ != nullptr; }
    bool has_connection() const noexcept { return connection_ != nullptr; }
    connection& operator*() const noexcept { return *connection_; }
    connection* operator->() const noexcept { return connection_.get(); }

    /// Closes the connection, keeps the right to have one.
    void drop_connection() noexcept { connection_.reset(); }
    void set(std::unique_ptr<connection> c) noexcept { connection_ = std::move(c); }

    /// The exchange is over and the connection is clean.
    void keep() { give_back(std::move(connection_)); }

private:
    void give_back(std::unique_ptr<connection>) noexcept;
    connection_pool* pool_ = nullptr;
    std::unique_ptr<connection> connection_;
};

/// Connections to one origin: at most so many, the one used last is used next, those that wait are served in
/// order.
class connection_pool final : public connection_keeper {
public:
    connection_pool(boost::asio::io_context&, const client_settings&, client_counters&);
    connection_pool(const connection_pool&) = delete;
    connection_pool& operator=(const connection_pool&) = delete;
    ~connection_pool() = default;

    /// An idle connection that seems alive; else the right to open one; else, when all are in use, nothing.
    lease take();

    /// The same, waiting for its turn. Nothing at the deadline, when cancelled, or when the pool is stopped.
    boost::asio::awaitable<lease> wait(steady_time deadline);

    /// Opens a connection under a lease that has none: looks the name up, and races its addresses.
    /// `cause`: as connection::open() says, of the error that counts.
    boost::asio::awaitable<result<void>> open(lease&, steady_time deadline, std::string& cause);

    /// See client::trust().
    void trust(const std::string& roots);

    boost::asio::awaitable<void> stop();
    bool stopped() const noexcept { return stopped_; }
    std::size_t in_use() const noexcept { return in_use_; }
    std::size_t open_connections() const noexcept { return in_use_ + idle_.size(); }

private:
    friend lease;
    struct waiter {
        lease given;
        async::signal_event ready;
    };

    void take_back(std::unique_ptr<connection>) noexcept;
    void discard_idle(connection&) noexcept override;

    boost::asio::io_context& io_;
    const client_settings& settings_;
    client_counters& counters_;
    async::deadline_watch watch_;
    std::shared_ptr<dns_cache> names_;
    const std::string server_name_;                  ///< for TLS
    std::shared_ptr<boost::asio::ssl::context> tls_; ///< null: plain. Shared with who opens a connection now
    std::vector<std::unique_ptr<connection>> idle_;  ///< the one used last is the last
    std::list<waiter*> waiting_;
    std::size_t in_use_ = 0;
    bool stopped_ = false;
    async::signal_event emptied_;
};

inline void lease::give_back(std::unique_ptr<connection> kept) noexcept {
    if (!pool_) return;
    connection_.reset();
    std::exchange(pool_, nullptr)->take_back(std::move(kept));
}

} // namespace offboard::http
