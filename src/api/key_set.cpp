#include "key_set.hpp"

#include "base64url.hpp"

#include "offboard/base/document.hpp"

#include <algorithm>

namespace offboard::api {

using kind = document::kind;

namespace {

constexpr std::size_t most_keys = 100;
constexpr std::size_t longest_key_id = 256;
constexpr std::size_t least_rsa_bits = 2048;
constexpr std::size_t most_rsa_bits = 8192; ///< a check costs with the square of it

/// The member of that name; null when there is none, and when it is `null`: issuers write that for "none".
const document* member_of(const document& d, std::string_view name) {
    const document* value = d.find(name);
    return value && !value->is(kind::null) ? value : nullptr;
}

/// The text under that name; empty when there is none.
std::string_view text_in(const document& d, std::string_view name) {
    const document* value = d.find(name);
    return value && value->is(kind::string) ? std::string_view(value->text()) : std::string_view();
}

bool is_for_signatures(const document& d) {
    if (const document* use = member_of(d, "use"); use && text_in(d, "use") != "sig") return false;
    const document* operations = member_of(d, "key_ops");
    if (!operations) return true;
    return operations->is(kind::array) && std::ranges::any_of(operations->elements(), [](const document& o) {
               return o.is(kind::string) && o.text() == "verify";
           });
}

std::optional<issuer_key::family> family_of(const document& d) {
    if (text_in(d, "kty") == "RSA") return issuer_key::family::rsa;
    if (text_in(d, "kty") != "EC") return std::nullopt;
    const std::string_view curve = text_in(d, "crv");
    if (curve == "P-256") return issuer_key::family::p256;
    if (curve == "P-384") return issuer_key::family::p384;
    if (curve == "P-521") return issuer_key::family::p521;
    return std::nullopt;
}

/// The public members alone, written anew: nothing else of the text reaches the library.
std::string public_part(const document& d, issuer_key::family of) {
    const bool rsa = of == issuer_key::family::rsa;
    std::string out =
        rsa ? R"({"kty":"RSA")" : R"({"kty":"EC","crv":")" + std::string(text_in(d, "crv")) + '"';
    for (const std::string_view name : {rsa ? "n" : "x", rsa ? "e" : "y"}) {
        const std::string_view value = text_in(d, name);
        if (!is_base64url(value)) return {};
        out.append(",\"").append(name).append("\":\"").append(value).append("\"");
    }
    return out + '}';
}

std::optional<issuer_key> read_key(const document& d) {
    if (!d.is(kind::object) || !is_for_signatures(d) || member_of(d, "d") || member_of(d, "k"))
        return std::nullopt;
    const auto of = family_of(d);
    issuer_key out;
    out.kid = text_in(d, "kid");
    const document* kid = member_of(d, "kid");
    if (!of || (kid && out.kid.empty()) || out.kid.size() > longest_key_id) return std::nullopt;
    out.of = *of;
    out.alg = text_in(d, "alg");
    if (member_of(d, "alg") && out.alg.empty()) return std::nullopt;
    const std::string json = public_part(d, *of);
    if (json.empty()) return std::nullopt;
    out.key.reset(cjose_jwk_import(json.data(), json.size(), nullptr));
    if (!out.key) return std::nullopt;
    if (*of == issuer_key::family::rsa) {
        const std::size_t bits = cjose_jwk_get_keysize(out.key.get(), nullptr);
        if (bits < least_rsa_bits || bits > most_rsa_bits) return std::nullopt;
    }
    return out;
}

} // namespace

bool issuer_key::fits(std::string_view algorithm) const noexcept {
    if (!alg.empty() && alg != algorithm) return false;
    switch (of) {
    case family::rsa: return algorithm.starts_with("RS") || algorithm.starts_with("PS");
    case family::p256: return algorithm == "ES256";
    case family::p384: return algorithm == "ES384";
    case family::p521: return algorithm == "ES512";
    }
    return false;
}

std::optional<key_set> key_set::read(std::string_view json, std::string_view& why) {
    json_fault broken;
    const auto root = parse_json(json, broken);
    const document* list = root && root->is(kind::object) ? root->find("keys") : nullptr;
    if (!list || !list->is(kind::array)) {
        why = "it is no JSON Web Key Set";
        return std::nullopt;
    }
    key_set out;
    for (const document& d : list->elements()) {
        auto key = read_key(d);
        if (key) out.keys_.push_back(std::move(*key));
        if (out.keys_.size() > most_keys) {
            why = "it has more than 100 keys";
            return std::nullopt;
        }
    }
    if (out.keys_.empty()) {
        why = "it has no key that could be used: public, RSA of 2048 to 8192 bits or P-256, "
              "P-384, P-521";
        return std::nullopt;
    }
    return out;
}

bool key_set::has(std::string_view kid) const noexcept {
    return std::ranges::any_of(keys_, [&](const issuer_key& k) { return k.kid == kid; });
}

std::vector<const issuer_key*> key_set::fitting(std::string_view kid, std::string_view algorithm) const {
    std::vector<const issuer_key*> out;
    for (const issuer_key& k : keys_)
        if ((kid.empty() || k.kid == kid) && k.fits(algorithm)) out.push_back(&k);
    return out;
}

} // namespace offboard::api
