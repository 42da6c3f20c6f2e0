#pragma once

#include <cjose/jwk.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::api {

/// A public key of the issuer's, and what it may be used for.
struct issuer_key {
    /// By which it fits algorithms: RS and PS; ES256; ES384; ES512.
    enum class family { rsa, p256, p384, p521 };
    struct release {
        void operator()(cjose_jwk_t* k) const noexcept { cjose_jwk_release(k); }
    };

    std::string kid; ///< empty: it has none
    std::string alg; ///< the only one it may be used with; empty: any of its family
    family of = family::rsa;
    std::unique_ptr<cjose_jwk_t, release> key;

    bool fits(std::string_view algorithm) const noexcept;
};

/// An issuer's keys: a JSON Web Key Set (RFC 7517). Immutable once read. Keys of another kind or use, with
/// private parts, or RSA below 2048 bits (RFC 7518) or beyond 8192, are left out. A member that is null
/// counts as absent.
class key_set {
public:
    /// Nothing, and why in words of ours, when the text is no key set or no key of it can be used.
    static std::optional<key_set> read(std::string_view json, std::string_view& why);

    bool has(std::string_view kid) const noexcept;
    /// The keys that may have signed with that algorithm: of that name, or, when `kid` is empty, of any. They
    /// live as long as the set.
    std::vector<const issuer_key*> fitting(std::string_view kid, std::string_view algorithm) const;
    std::size_t size() const noexcept { return keys_.size(); }

private:
    std::vector<issuer_key> keys_;
};

} // namespace offboard::api
