#pragma once

#include "offboard/base/clock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace offboard::async {

/// One timer for the deadlines of many connections. Moving a deadline is a store and a comparison: no timer
/// is queued or cancelled per operation, which is what makes a deadline on every read and write affordable.
///
/// Deadlines are kept to within `grain` (late, never early). One network thread.
class deadline_watch {
public:
    static constexpr steady_time never = steady_time::max();
    class entry;

private:
    /// An entry's place among the others.
    struct link {
        entry* of;
        steady_time deadline = never;
        link* previous = nullptr;
        link* next = nullptr;
    };

public:
    /// What has a deadline. Links itself in and out of the watch; dies before it.
    class entry {
    public:
        explicit entry(deadline_watch&) noexcept;
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;

        void expires_at(steady_time t) noexcept {
            link_.deadline = t;
            if (t < watch_.next_look_) watch_.look_at(t);
        }
        void expires_never() noexcept { link_.deadline = never; }

        /// The deadline has passed; it has been set to never. May destroy any entry, this one included, but
        /// not the watch. Usually closes a socket and lets the operation that fails do the rest.
        virtual void on_deadline() noexcept = 0;

    protected:
        ~entry();

    private:
        deadline_watch& watch_;
        link link_{this};
    };

    deadline_watch(boost::asio::io_context&, duration grain);
    deadline_watch(const deadline_watch&) = delete;
    deadline_watch& operator=(const deadline_watch&) = delete;
    ~deadline_watch();

private:
    struct alarm;
    void look_at(steady_time) noexcept;
    void look() noexcept;

    std::shared_ptr<alarm> alarm_;
    duration grain_;
    steady_time next_look_ = never;
    steady_time last_look_ = steady_time::min();
    link* first_ = nullptr;
    link* cursor_ = nullptr; ///< what look() comes to next
};

} // namespace offboard::async
