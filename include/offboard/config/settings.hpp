#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/error.hpp"
#include "offboard/base/secret.hpp"
#include "offboard/base/tls_material.hpp"
#include "offboard/config/auth_settings.hpp"
#include "offboard/config/read_file.hpp"
#include "offboard/config/tracing_settings.hpp"
#include "offboard/domain/plan.hpp"
#include "offboard/domain/vendor.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The immutable settings of the process, with the defaults that the README documents. Made once by load().
namespace offboard::config {

struct endpoint {
    std::string address;    ///< numeric, an IPv6 address without brackets
    std::uint16_t port = 0; ///< 0: any free one
    bool loopback = false;
};

/// One vendor. Hosts and credentials have no default; what differs from vendor to vendor is set by load().
struct vendor_settings {
    offboard::base_url base_url;
    offboard::credentials credentials;
    struct {
        /// mention_me 300, capillary 1000, billing 1e9, which is none (nothing is documented); 1 to 1e9
        std::uint32_t calls = 0;
        duration per{}; ///< mention_me 5m, else 1m; 1ms to 24h
    } budget;           ///< at most `calls` starts in any sliding `per`
    std::uint32_t max_batch =
        1; ///< customers in a call, never above the vendor's cap; mention_me, capillary 100
    std::uint32_t max_in_flight = 1;             ///< mention_me 4, capillary 16, billing 8; 1 to 1000
    duration timeout = std::chrono::seconds(10); ///< of one exchange, connect to last byte; 100ms to 2m
    struct {
        duration base = std::chrono::milliseconds(500); ///< 1ms to 1m
        duration cap = std::chrono::seconds(30);        ///< 1ms to 1h, not below base
    } retry;                                            ///< exponential backoff with full jitter
    struct {
        std::uint32_t failures = 5;               ///< in a row; 1 to 1000
        duration open = std::chrono::seconds(10); ///< 100ms to 10m
    } breaker;
    std::string roots;            ///< what tls.ca_file holds, in PEM; empty: the system's roots
    std::string source;           ///< capillary: default `source` of a customer, in capitals; INSTORE
    std::string customer_id_type; ///< mention_me: `type` of a customer id on the wire; customerId
};

/// What the journal on disk encrypts with. Of a list of them the first encrypts and all decrypt.
struct master_key {
    std::string id; ///< 1 to 64 of A-Z a-z 0-9 . _ -, unique in the list; stands in the journal's file
    secret key;     ///< 32 bytes
};

/// A file that a setting was read from, as it was then.
struct source_file {
    std::string key; ///< the setting's: `vendors.billing.api_key_file`, `journal.key_dir/2026-12`
    sha256_digest digest{};
};

struct settings {
    endpoint listen;       ///< 127.0.0.1:8080; anything but loopback needs authentication
    endpoint admin_listen; ///< 127.0.0.1:9090
    /// listen_tls: what its files hold, fit for use. Nothing: `listen` is plain; `admin_listen` always is.
    std::optional<tls_material> listen_tls;
    auth_settings auth; ///< nothing of it: every caller may do everything
    /// Where callers reach `listen`: scheme://host[:port][/prefix], no slash at the end. Empty: they are told
    /// paths only.
    std::string public_url;
    struct {
        duration standard = std::chrono::seconds(20); ///< deadline.default; 0 to max
        duration max = std::chrono::seconds(25); ///< 1s to 55s: an ingress that waits 60 s never cuts first
    } deadline;
    duration give_up_after = std::chrono::hours(24); ///< 1s to 30d
    struct {
        std::size_t most_operations = 10'000; ///< journal.memory.operations; 1 to 1e7
        /// journal.sqlite.path, from the working directory if it is relative; empty: the journal is in memory
        std::string sqlite_path;
        duration retention = std::chrono::hours(7 * 24); ///< with sqlite; 0 (at once) to 3650d
        /// With sqlite 1 to 64 of them, in memory none. Of a key_dir the name that is last in the order of
        /// bytes comes first here.
        std::vector<master_key> keys;
    } journal;
    duration idempotency_keep = std::chrono::hours(7 * 24); ///< idempotency.keep; 1m to 90d
    struct {
        duration delay{};                            ///< 0 to 20s
        duration timeout = std::chrono::seconds(20); ///< 0 to 24s, delay included
    } drain;
    struct {
        std::size_t body = 4u << 20;                        ///< 1KiB to 64MiB
        std::size_t header = 16u << 10;                     ///< 1KiB to 256KiB
        std::size_t target = 8u << 10;                      ///< 256 to 64KiB, within header
        std::size_t connections = 10'000;                   ///< 1 to 1e6
        std::size_t in_flight = 10'000;                     ///< requests at once; 1 to 1e6
        std::size_t body_total = 64u << 20;                 ///< of all requests; up to 64GiB, not below body
        duration header_timeout = std::chrono::seconds(10); ///< these three: 100ms to 10m, idle to 1h
        duration body_timeout = std::chrono::seconds(30);
        duration idle_timeout = std::chrono::seconds(75);
        /// Unsettled steps that are accepted at once; what is beyond is refused with 503. 1 to 1e7. With the
        /// journal in sqlite the default is 2,000,000: what waits there is not held in memory.
        std::size_t queue = 100'000;
    } limits;
    std::string log_level = "info"; ///< debug, info, warn, error
    struct {
        duration check_every = std::chrono::seconds(10); ///< 1s to 1h
    } secrets;                                           ///< when the files that they stand in are read again
    std::optional<tracing_settings> tracing;             ///< nothing: no span leaves the process
    std::array<std::optional<vendor_settings>, vendor_count> vendors;
    std::map<std::string, plan, std::less<>> plans; ///< each uses only vendors that are set
    std::string default_plan;                       ///< one of plans; empty: none
    std::vector<source_file> files;                 ///< all that were read, the issuer's key set excepted

    const std::optional<vendor_settings>& of(vendor v) const { return vendors[static_cast<std::size_t>(v)]; }
};

/// One fault of the configuration: a line of the file (0: an environment variable, or the whole file) and the
/// key in dotted form, e.g. `vendors.mention_me.budget.calls`; `detail` names the variable. Never repeats a
/// value.
struct fault {
    std::size_t line = 0;
    std::string key;
    std::string detail;
};

/// `line 7: vendors.billing.timeout: must be …`, without the parts that are not there.
std::string to_string(const fault&);

/// What load() found: settings when there is no fault; warnings (a secret in the open) in either case. Both
/// lists are ordered by line.
struct loaded {
    std::optional<config::settings> settings;
    std::vector<fault> faults;
    std::vector<fault> warnings;
};

/// Reads YAML text, puts the environment over it (`OFFBOARD__VENDORS__CAPILLARY__TIMEOUT=5s`), resolves
/// `…_file` and `${VARIABLE}`, checks everything, and reports every fault at once. `environment` holds
/// NAME=value pairs. Reads no file but those of secrets and certificates; their paths are relative to the
/// working directory. `being_read` (may be null) names the file that is being read. Throws nothing but
/// std::bad_alloc.
loaded load(const std::string& yaml, const std::vector<std::string>& environment,
            file_being_read* being_read = nullptr);

/// The keys of the files that are new, gone, or not as they were, in their order. Of settings that were
/// loaded from the same text and environment nothing else differs.
std::vector<std::string> changed_files(const settings& before, const settings& after);

} // namespace offboard::config
