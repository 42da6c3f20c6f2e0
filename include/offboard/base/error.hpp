#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <type_traits>

namespace offboard {

/// What may go wrong in a way that is expected. One enumerator per decision that depends on it;
/// the comment says when it happens. Outcomes of a vendor's answer are not errors: see domain/step.hpp.
enum class errc {
    // Nothing of the request has left for the vendor: always safe to send again.
    dns_failed = 1,    ///< the host name could not be resolved, or not in time
    connect_failed,    ///< refused, unreachable, or not connected in time
    tls_failed,        ///< handshake or certificate check failed
    no_resources,      ///< our own descriptors, ports or memory are used up
    pool_exhausted,    ///< no connection became free before the deadline
    token_refused,     ///< the vendor's token endpoint refused our credentials
    token_unavailable, ///< the vendor's token endpoint gave no usable answer
    cancelled,         ///< stopped from outside before anything was sent

    // Something may have reached the vendor. Its effect is not known.
    answer_timeout,   ///< sent, and no complete answer before the deadline
    answer_lost,      ///< the connection ended before the answer was complete
    connection_stale, ///< a kept connection ended as it was used, before one byte of the answer came
    answer_malformed, ///< what came back is not HTTP
    answer_too_large, ///< the answer is beyond the configured bound

    // Our own bounds.
    journal_full,        ///< every remembered operation is still unsettled
    journal_unavailable, ///< the journal cannot be written
    queue_full,          ///< a lane's queue is at its bound
    draining,            ///< the process is shutting down
    not_found,           ///< no such operation
    key_reused,          ///< the idempotency key stands for another request
    nothing_to_do,       ///< no step that could be retried or cancelled
};

/// True when the vendor cannot have seen any of the request, so that sending it again is always safe.
bool nothing_was_sent(errc) noexcept;

const boost::system::error_category& offboard_category() noexcept;
boost::system::error_code make_error_code(errc) noexcept;

/// The errc behind an error code of ours; anything else is a bug of the room that let it out.
errc to_errc(const boost::system::error_code&) noexcept;

/// A value, or an expected error. The compiler warns where one is ignored.
template <class T>
class [[nodiscard]] result : public boost::system::result<T> {
public:
    using boost::system::result<T>::result;
};

} // namespace offboard

template <>
struct boost::system::is_error_code_enum<offboard::errc> : std::true_type {};
