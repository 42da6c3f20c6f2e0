#pragma once

#include "offboard/base/error.hpp"
#include "offboard/base/secret.hpp"
#include "offboard/domain/operation.hpp"
#include "offboard/domain/vendor.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::journal {

/// What became of some steps of one operation: the unit in which progress is made durable. A step that is
/// still `pending` is recorded when a try of it left something behind that the next one must know.
struct change {
    std::uint32_t step = 0; ///< index in the operation
    offboard::outcome outcome;
    std::vector<action> blocked_by;
    std::uint32_t attempts = 0;
    offboard::history history;
};

struct progress_record {
    std::string id;
    std::vector<change> changes;
    std::optional<wall_time> settled_at;  ///< set by the record that settles the last step
    std::optional<wall_time> reopened_at; ///< `settled_at` is taken back: steps are tried again
};

/// A call that is about to leave for a vendor, and the steps that are in it.
struct departure {
    offboard::vendor to = offboard::vendor::mention_me;
    wall_time at{};
    std::vector<std::pair<std::string, std::uint32_t>> steps; ///< operation id, index of the step
};
/// Names a departure until it has landed.
using flight_number = std::uint64_t;

/// A caller's Idempotency-Key and what was asked under it. Both are hashed before they are kept.
struct idempotency {
    std::string caller;
    std::string key;
    std::string fingerprint; ///< equal for equal requests
};
struct begun {
    std::string id;        ///< of the operation; of the earlier one when it was there already
    bool replayed = false; ///< the key is known: nothing was remembered, and nothing may be sent
};

/// A place in the list of unsettled operations, oldest first; a default one is before the first.
struct cursor {
    std::int64_t created_at = 0;
    std::int64_t number = 0;
    auto operator<=>(const cursor&) const = default;
};
struct page {
    std::vector<std::shared_ptr<operation>> operations; ///< owned by the caller alone
    cursor next;                                        ///< after the last of them
    bool last = true;                                   ///< nothing more as of now
};
struct backlog {
    std::uint64_t operations = 0;
    std::uint64_t steps = 0; ///< all steps of unsettled operations
};
/// One call that left within the time asked for.
struct past_call {
    offboard::vendor to = offboard::vendor::mention_me;
    wall_time at{};
};

/// Encrypts the keys of operations where they are kept on a disk. `id` names it there; the key is 32 random
/// bytes.
struct master_key {
    std::string id;
    secret key;
};

/// Where operations are remembered. Owned by app; used from the network thread only. Implementations may take
/// their time: every call suspends rather than blocks, and none assumes that this process is the only one.
/// When the coroutine that awaits a call is cancelled the call goes on, and its result is dropped.
///
/// Order is the safety of the whole: opened() before anything else, begin() before anything is put in line,
/// depart() before the first byte of a call, record() before anybody is told.
class journal {
public:
    virtual ~journal() = default;

    /// Waits until what is remembered can be used, as long as that takes: a journal may be made while its
    /// disk fails, and opens when the disk is well. It returns at once when all is well already. Until
    /// an opened() has returned well, begin() and depart() are refused with
    /// errc::journal_unavailable, reads may be, and trouble() says why; so nothing can leave for a vendor
    /// before the caller has heard what an earlier process left. An error only when the journal is being
    /// closed, or the caller was cancelled.
    virtual boost::asio::awaitable<result<void>> opened() = 0;

    /// Remembers the operation with all its steps. errc::journal_full or errc::journal_unavailable: nothing
    /// was remembered, and nothing may be sent; errc::key_reused: the key stands for another request. The
    /// operation must not change before this returns.
    virtual boost::asio::awaitable<result<begun>> begin(std::shared_ptr<operation>,
                                                        std::optional<idempotency>) = 0;

    /// The id of the operation under a key, when there is one; errc::key_reused as for begin().
    virtual boost::asio::awaitable<result<std::optional<std::string>>> recall(idempotency) = 0;

    /// Before the first byte of a call. errc::journal_unavailable: it must not be sent.
    virtual boost::asio::awaitable<result<flight_number>> depart(departure) = 0;

    /// Makes progress durable, all of it or nothing, and forgets the departure whose end it is. After this an
    /// outcome may be shown. While the disk fails this waits, and what it holds is written when the disk is
    /// back: it is bounded because nothing departs meanwhile. An error only when the journal is being closed.
    virtual boost::asio::awaitable<result<void>> record(std::vector<progress_record>,
                                                        std::optional<flight_number> landed) = 0;

    /// A remembered operation as of the last record(); errc::not_found when there is none (any more),
    /// errc::journal_unavailable when it cannot be read now. Only the driver of the operation may change it.
    virtual boost::asio::awaitable<result<std::shared_ptr<operation>>> find(std::string_view id) = 0;

    /// The ids of operations that concerned this person, newest first, `most` of them. The identifier is
    /// hashed and not kept.
    virtual boost::asio::awaitable<result<std::vector<std::string>>> lookup(identifier, std::size_t most) = 0;

    /// Unsettled operations after a place in the list, up to `most_operations` of them and about `most_steps`
    /// steps, at least one. Steps in a departure that never landed have had a try that was lost.
    virtual boost::asio::awaitable<result<page>> unsettled(cursor after, std::size_t most_operations,
                                                           std::size_t most_steps) = 0;

    /// From now on these keys in place of those before: the first encrypts, all decrypt. Empty, or why they
    /// are not in use, in words fit for a log: one is another under the same id, one that is needed is not
    /// among them, or the journal cannot be written. Then nothing has changed.
    virtual boost::asio::awaitable<std::string> use_keys(std::vector<master_key>) = 0;

    /// As of opening, and nothing before opened() has returned; nothing for a journal that remembers no
    /// earlier process.
    virtual backlog left_behind() const = 0;
    /// Departures since `since`, as of opening, oldest first: what an earlier process spent of the budgets.
    virtual std::vector<past_call> departed_since(wall_time since) const = 0;

    /// True when operations survive the process. False: there is nothing to recover.
    virtual bool durable() const noexcept = 0;
    /// Why nothing can be remembered now, in words of ours fit for a log and /readyz; empty: all is well.
    virtual std::string trouble() const = 0;

    struct figures {
        std::uint64_t commits = 0; ///< durable ones, each with one fsync of the log
        std::uint64_t entries = 0; ///< begin, depart and record calls that were in them
    };
    virtual figures counted() const { return {}; }

    /// Writes what it holds and lets go of its files; nothing is called after it. Gives up on a failing disk.
    virtual void close() = 0;
};

/// Remembers in memory, for as long as the process lives: at most `most_operations` of them and `most_steps`
/// steps; the longest settled go first, and their keys with them. Operations still unsettled are never
/// dropped: when only those are left, begin() is refused.
std::unique_ptr<journal> make_memory_journal(std::size_t most_operations, std::size_t most_steps);

} // namespace offboard::journal
