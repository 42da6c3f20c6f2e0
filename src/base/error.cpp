#include "offboard/base/error.hpp"

#include <string>

namespace offboard {

namespace {

class category_impl final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "offboard"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
        case errc::dns_failed: return "host name not resolved";
        case errc::connect_failed: return "not connected";
        case errc::tls_failed: return "TLS handshake failed";
        case errc::no_resources: return "not connected: out of our own resources";
        case errc::pool_exhausted: return "no free connection";
        case errc::token_refused: return "credentials refused by the token endpoint";
        case errc::token_unavailable: return "no usable answer from the token endpoint";
        case errc::cancelled: return "cancelled before it was sent";
        case errc::answer_timeout: return "no answer in time";
        case errc::answer_lost: return "connection lost before the answer was complete";
        case errc::connection_stale: return "kept connection lost before an answer came";
        case errc::answer_malformed: return "answer is not HTTP";
        case errc::answer_too_large: return "answer too large";
        case errc::journal_full: return "journal full of unsettled operations";
        case errc::journal_unavailable: return "journal cannot be written";
        case errc::queue_full: return "queue full";
        case errc::draining: return "shutting down";
        case errc::not_found: return "no such operation";
        case errc::key_reused: return "idempotency key used for another request";
        case errc::nothing_to_do: return "no step to act on";
        }
        return "unknown error";
    }
};

} // namespace

bool nothing_was_sent(errc e) noexcept {
    switch (e) {
    case errc::answer_timeout:
    case errc::answer_lost:
    case errc::connection_stale:
    case errc::answer_malformed:
    case errc::answer_too_large: return false;
    default: return true;
    }
}

const boost::system::error_category& offboard_category() noexcept {
    static const category_impl instance;
    return instance;
}

boost::system::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), offboard_category()};
}

errc to_errc(const boost::system::error_code& ec) noexcept {
    // A foreign code says nothing about what was sent, so it counts as the worse of the two kinds.
    return ec.category() == offboard_category() ? static_cast<errc>(ec.value()) : errc::answer_lost;
}

} // namespace offboard
