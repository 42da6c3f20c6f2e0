#pragma once

#include "offboard/base/error.hpp"
#include "offboard/base/secret.hpp"
#include "offboard/domain/identifier.hpp"
#include "offboard/journal/sqlite_journal.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::journal {

/// A person's identifier, hashed. Ordered and compared as bytes.
using subject_hash = std::array<char, 16>;

/// Encryption at rest: AES-256-GCM under a random key per operation, that key wrapped (AES-256-GCM again)
/// under the newest master key. Hashes are HMAC-SHA-256, cut to 16 bytes, under keys derived from the master
/// keys by HKDF, one for each purpose. OpenSSL does all of it; its random generator makes the keys. Owned by
/// the journal; one thread at a time.
///
/// Ciphertext is the nonce (12 random bytes), the text, the tag (16 bytes). With random nonces one master key
/// should wrap no more than 2^32 keys (NIST SP 800-38D, 8.3).
class keyring {
public:
    /// Throws std::runtime_error for an empty list, a key that is not 32 bytes, or an id that is there twice.
    explicit keyring(std::vector<master_key>);
    ~keyring();

    /// The id of the master key that wraps, and all ids in the order given.
    const std::string& newest() const noexcept;
    std::vector<std::string> ids() const;
    /// Tells whether a key of that id is the one that made the mark: for a file made under another key. Empty
    /// when there is no key of that id.
    std::string mark_of(std::string_view id) const;

    secret make_key() const;
    /// `owner` (the operation's id) is authenticated: a wrapped key is worth nothing beside another one.
    std::string wrap(const secret& key, std::string_view owner) const;
    /// errc::journal_unavailable when there is no such master key, or it did not wrap this for that owner.
    result<secret> unwrap(std::string_view key_id, std::string_view wrapped, std::string_view owner) const;

    /// `context` is authenticated, and must be different for each text under one key.
    std::string seal(const secret& key, std::string_view context, std::string_view plain) const;
    /// errc::journal_unavailable when it is not what was sealed.
    result<std::string> open(const secret& key, std::string_view context, std::string_view sealed) const;

    /// The person as the journal knows him: by the newest master key, to be kept; by all, to be looked for.
    subject_hash subject(const identifier&) const;
    std::vector<subject_hash> subjects(const identifier&) const;
    /// An idempotency key or a request: likewise. `what` keeps the purposes apart; no zero byte in it.
    std::string digest(std::string_view what, std::string_view text) const;
    std::vector<std::string> digests(std::string_view what, std::string_view text) const;

private:
    class random_block;
    class gcm;
    class hmac;
    struct master;
    std::vector<std::unique_ptr<master>> masters_; ///< the newest first
    std::unique_ptr<random_block> random_;
    std::unique_ptr<gcm> sealer_; ///< for the keys of operations
};

} // namespace offboard::journal
