#pragma once

#include "offboard/base/error.hpp"
#include "offboard/domain/operation.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::journal {

/// What became of some steps of one operation: the unit in which progress is made durable.
struct change {
    std::uint32_t step = 0; ///< index in the operation
    offboard::outcome outcome;
    std::vector<action> blocked_by;
    std::uint32_t attempts = 0;
};

struct progress_record {
    std::string id;
    std::vector<change> changes;
    std::optional<wall_time> settled_at; ///< set by the record that settles the last step
};

/// Where operations are remembered. Owned by app; used from the network thread only. Implementations may take
/// their time: every call suspends rather than blocks, and none assumes that this process is the only one.
///
/// Order is the safety of the whole: begin() before the first byte to a vendor, record() before anybody is
/// told.
class journal {
public:
    virtual ~journal() = default;

    /// Remembers the operation with all its steps. errc::journal_full or errc::journal_unavailable: nothing
    /// was remembered, and nothing may be sent.
    virtual boost::asio::awaitable<result<void>> begin(std::shared_ptr<const operation>) = 0;

    /// Makes progress durable: all of it or nothing. After this an outcome may be shown.
    virtual boost::asio::awaitable<result<void>> record(std::vector<progress_record>) = 0;

    /// A remembered operation as of the last record(); errc::not_found when there is none (any more).
    virtual boost::asio::awaitable<result<std::shared_ptr<const operation>>> find(std::string_view id) = 0;
};

/// Remembers in memory, for as long as the process lives: at most `most_operations` of them and `most_steps`
/// steps; the longest settled go first. Operations still unsettled are never dropped: when only those are
/// left, begin() is refused.
std::unique_ptr<journal> make_memory_journal(std::size_t most_operations, std::size_t most_steps);

} // namespace offboard::journal
