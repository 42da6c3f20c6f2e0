#include "token.hpp"

#include "base64url.hpp"

#include "offboard/base/document.hpp"

#include <cjose/jws.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <set>

namespace offboard::api {

using kind = document::kind;

namespace {

constexpr std::size_t longest_kid = 256;
constexpr std::size_t longest_subject = 256;

struct release {
    void operator()(cjose_jws_t* s) const noexcept { cjose_jws_release(s); }
};

/// An object without a member twice: two readers could read two things in that.
std::optional<document> read_object(std::string_view json) {
    json_fault broken;
    auto out = parse_json(json, broken);
    if (!out || !out->is(kind::object)) return std::nullopt;
    std::set<std::string_view> seen;
    for (const auto& member : out->members())
        if (!seen.insert(member.first).second) return std::nullopt;
    return out;
}

bool same_word(std::string_view a, std::string_view lower) {
    return std::ranges::equal(a, lower, {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

const std::string* text_of(const document& d, std::string_view name) {
    const document* value = d.find(name);
    return value && value->is(kind::string) ? &value->text() : nullptr;
}

/// A NumericDate of RFC 7519: seconds, with a fraction perhaps.
std::optional<double> date_of(const document& value) {
    double out = 0;
    const std::string& text = value.text();
    if (!value.is(kind::number)) return std::nullopt;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (ec != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return out;
}

/// `null` counts as absent, as it does in a key.
bool is_absent(const document& d, std::string_view name) {
    const document* value = d.find(name);
    return !value || value->is(kind::null);
}

bool is_type_accepted(const document& head) {
    if (is_absent(head, "typ")) return true;
    const std::string* typ = text_of(head, "typ");
    if (!typ) return false;
    // RFC 7515: what has no slash stands for application/…
    constexpr std::string_view prefix = "application/";
    std::string_view word = *typ;
    if (same_word(word.substr(0, prefix.size()), prefix)) word.remove_prefix(prefix.size());
    return same_word(word, "jwt") || same_word(word, "at+jwt");
}

bool is_for(const document& claims, std::string_view audience) {
    const document* aud = claims.find("aud");
    if (!aud) return false;
    const auto named = [&](const document& d) { return d.is(kind::string) && d.text() == audience; };
    return named(*aud) || (aud->is(kind::array) && std::ranges::any_of(aud->elements(), named));
}

/// Words that are no scopes of ours belong to other services.
config::scope_set scopes_of(const document& claims, std::string_view name) {
    config::scope_set out;
    const auto add = [&out](std::string_view word) {
        if (const auto known = config::scope_from(word)) out.add(*known);
    };
    const document* claim = claims.find(name);
    if (claim && claim->is(kind::string)) {
        std::string_view words = claim->text();
        while (!words.empty()) {
            const std::size_t end = std::min(words.find(' '), words.size());
            add(words.substr(0, end));
            words.remove_prefix(std::min(end + 1, words.size()));
        }
    } else if (claim && claim->is(kind::array)) {
        for (const document& d : claim->elements())
            if (d.is(kind::string)) add(d.text());
    }
    return out;
}

/// The payload, when the signature fits.
std::optional<std::string> verified_payload(std::string_view token, const issuer_key& key) {
    const std::unique_ptr<cjose_jws_t, release> jws(cjose_jws_import(token.data(), token.size(), nullptr));
    if (!jws || !cjose_jws_verify(jws.get(), key.key.get(), nullptr)) return std::nullopt;
    std::uint8_t* bytes = nullptr; // the library's own
    std::size_t size = 0;
    if (!cjose_jws_get_plaintext(jws.get(), &bytes, &size, nullptr)) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(bytes), size);
}

/// Why the token is none of this moment; empty when it is.
std::string_view time_fault(const document& claims, wall_time now) {
    const double today = std::chrono::duration<double>(now.time_since_epoch()).count();
    const double leeway = std::chrono::duration<double>(clock_leeway).count();
    const document* exp = claims.find("exp");
    const auto ends = exp ? date_of(*exp) : std::nullopt;
    if (!ends) return "The token does not say when it expires.";
    if (today >= *ends + leeway) return "The token has expired.";
    for (const std::string_view name : {"nbf", "iat"}) {
        const document* from = claims.find(name);
        const auto begins = from ? date_of(*from) : std::nullopt;
        if (from && !(begins && today >= *begins - leeway)) return "The token is not valid yet.";
    }
    return {};
}

std::string_view claims_fault(const document& claims, const config::jwt_settings& rules, wall_time now) {
    const std::string* iss = text_of(claims, "iss");
    if (!iss || *iss != rules.issuer) return "The token is of another issuer.";
    if (!is_for(claims, rules.audience)) return "The token is for another audience.";
    if (const std::string_view fault = time_fault(claims, now); !fault.empty()) return fault;
    const std::string* sub = text_of(claims, "sub");
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (!sub || sub->empty() || sub->size() > longest_subject || std::ranges::any_of(*sub, control))
        return "The token does not say whose it is.";
    return {};
}

} // namespace

bool looks_like_token(std::string_view text) noexcept {
    return std::ranges::count(text, '.') == 2;
}

std::optional<token_head> read_token_head(std::string_view token, const config::jwt_settings& rules,
                                          std::string_view& why) {
    why = "The token is no signed JSON Web Token of at most 8192 characters.";
    if (token.size() > longest_token || !looks_like_token(token)) return std::nullopt;
    const std::size_t first = token.find('.');
    const std::size_t second = token.rfind('.');
    if (!is_base64url(token.substr(first + 1, second - first - 1)) || !is_base64url(token.substr(second + 1)))
        return std::nullopt;
    const auto json = base64url_decoded(token.substr(0, first));
    const auto head = json ? read_object(*json) : std::nullopt;
    if (!head) return std::nullopt;
    const std::string* algorithm = text_of(*head, "alg");
    if (!algorithm || std::ranges::find(rules.algorithms, *algorithm) == rules.algorithms.end()) {
        why = "The token's algorithm is not accepted here.";
        return std::nullopt;
    }
    if (!is_type_accepted(*head) || head->find("crit")) {
        why = "The token is of a type that is not accepted here.";
        return std::nullopt;
    }
    if (is_absent(*head, "kid")) return token_head{*algorithm, {}};
    const std::string* kid = text_of(*head, "kid");
    if (!kid || kid->empty() || kid->size() > longest_kid) {
        why = "The token does not name its key.";
        return std::nullopt;
    }
    return token_head{*algorithm, *kid};
}

std::optional<token_claims> verify_token(std::string_view token, std::span<const issuer_key* const> keys,
                                         const config::jwt_settings& rules, wall_time now,
                                         std::string_view& why) {
    why = not_signed_by_its_key;
    std::optional<std::string> payload;
    for (auto key = keys.begin(); key != keys.end() && !payload; ++key)
        payload = verified_payload(token, **key);
    if (!payload) return std::nullopt;
    const auto claims = read_object(*payload);
    if (!claims) {
        why = "The token's claims cannot be read.";
        return std::nullopt;
    }
    why = claims_fault(*claims, rules, now);
    if (!why.empty()) return std::nullopt;
    token_claims out;
    out.sub = *text_of(*claims, "sub");
    out.scopes = scopes_of(*claims, rules.scopes_claim);
    const auto granted = std::ranges::find(rules.subjects, out.sub, &config::subject_grant::sub);
    if (granted != rules.subjects.end()) out.scopes.add(granted->scopes);
    return out;
}

} // namespace offboard::api
