#include "offboard/telemetry/metrics.hpp"

namespace offboard::telemetry {

word reason_of(errc e) noexcept {
    switch (e) {
    case errc::dns_failed: return "dns_failed";
    case errc::connect_failed: return "connect_failed";
    case errc::tls_failed: return "tls_failed";
    case errc::no_resources: return "no_resources";
    case errc::pool_exhausted: return "pool_exhausted";
    case errc::token_refused: return "token_refused";
    case errc::token_unavailable: return "token_unavailable";
    case errc::cancelled: return "cancelled";
    case errc::answer_timeout: return "answer_timeout";
    case errc::answer_lost: return "answer_lost";
    case errc::connection_stale: return "connection_stale";
    case errc::answer_malformed: return "answer_malformed";
    case errc::answer_too_large: return "answer_too_large";
    case errc::journal_full: return "journal_full";
    case errc::journal_unavailable: return "journal_unavailable";
    case errc::queue_full: return "queue_full";
    case errc::draining: return "draining";
    case errc::key_reused:
    case errc::nothing_to_do:
    case errc::not_found: return "not_found";
    }
    return "other";
}

} // namespace offboard::telemetry
