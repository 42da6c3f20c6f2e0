#pragma once

#include "store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace offboard::journal::sqlite {

/// One call of the journal on its way to the thread and back. Shared by the coroutine that waits, which may
/// be cancelled, and by the thread, which goes on. The thread owns it until it is posted back, the network
/// thread from then on.
class call {
public:
    enum class kind { begin, depart, record, read };

    /// `home` is kept from running dry until the answer is there.
    call(kind k, boost::asio::any_io_executor home)
        : what(k), ready(std::in_place, std::move(home), steady_time::max()) {}
    call(const call&) = delete;
    call& operator=(const call&) = delete;
    virtual ~call() = default;

    /// On the journal's thread. An error is a fault of the disk, and there is no answer yet; what a write
    /// finds otherwise wrong is thrown.
    virtual boost::system::error_code attempt(store&, wall_time now) = 0;
    virtual void refuse(errc) = 0;

    const kind what;
    std::shared_ptr<const operation> begins; ///< for a begin
    flight_number departs = 0;               ///< likewise

    bool done = false;   ///< network thread, as are the others
    bool waited = false; ///< a coroutine waits; it ends the timer when it resumes
    /// Never expires: it is cancelled when the answer is there. It ends on the network thread, which others
    /// that hold the call need not.
    std::optional<boost::asio::steady_timer> ready;

    /// On the network thread.
    void wake() {
        done = true;
        if (waited)
            ready->cancel();
        else
            ready.reset();
    }
};
using calls = std::vector<std::shared_ptr<call>>;

template <class T>
class call_for : public call {
public:
    using call::call;

    void refuse(errc e) override { answer = result<T>(e); }

    std::optional<result<T>> answer;
};

/// What is done for it on the thread: `work` is called with the store and the time, as often as it is tried,
/// and answers a result<T>.
template <class T, class Work>
class call_of final : public call_for<T> {
public:
    call_of(call::kind k, boost::asio::any_io_executor home, Work w)
        : call_for<T>(k, std::move(home)), work_(std::move(w)) {}

    boost::system::error_code attempt(store& s, wall_time now) override {
        result<T> made = work_(s, now);
        if (made.has_error()) {
            if (made.error().category() == category()) return made.error();
            if (this->what != call::kind::read && made.error() != make_error_code(errc::key_reused))
                throw std::runtime_error("what was read back is not what was written");
        }
        this->answer = std::move(made);
        return {};
    }

private:
    Work work_;
};

} // namespace offboard::journal::sqlite
