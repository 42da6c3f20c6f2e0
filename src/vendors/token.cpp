#include "offboard/vendors/auth.hpp"

#include "answer.hpp"
#include "by_status.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace json = boost::json;

namespace offboard::vendors {

namespace {

using std::chrono::seconds;

constexpr seconds cautious_lifetime{300};
constexpr seconds longest_lifetime = std::chrono::hours{24 * 30}; // the most Capillary grants, on request
constexpr std::size_t longest_token = 8192;

std::optional<seconds> usable(std::optional<std::int64_t> n) {
    if (!n || *n < 1) return std::nullopt;
    return std::min(seconds{*n}, longest_lifetime);
}

/// Fit to stand in a header: visible ASCII, and not endless.
bool usable_text(std::string_view token) {
    return !token.empty() && token.size() <= longest_token &&
           std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

/// RFC 4648 section 5, padding optional. Nothing for a character that is not of the alphabet.
std::optional<std::string> base64url(std::string_view text) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    while (!text.empty() && text.back() == '=')
        text.remove_suffix(1);
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const auto digit = alphabet.find(c);
        if (digit == alphabet.npos) return std::nullopt;
        bits = ((bits << 6U) | static_cast<unsigned>(digit)) & 0xFFFFU;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out += static_cast<char>((bits >> held) & 0xFFU);
    }
    return out;
}

/// What a JWT says of itself. It is not verified: it only tells how soon to ask for the next one.
std::optional<seconds> lifetime_of_jwt(std::string_view token) {
    const auto first = token.find('.');
    const auto second = first == token.npos ? first : token.find('.', first + 1);
    if (second == token.npos) return std::nullopt;
    const auto payload = base64url(token.substr(first + 1, second - first - 1));
    if (!payload) return std::nullopt;
    const answer claims(*payload);
    const auto until = id_number(member(claims.object(), "exp"));
    const auto from = id_number(member(claims.object(), "iat"));
    if (!until || !from) return std::nullopt;
    return usable(*until - *from);
}

/// A lifetime is a number here, never text.
std::optional<seconds> stated_lifetime(const json::value* v) {
    if (v == nullptr || v->is_string()) return std::nullopt;
    return usable(whole_number(v));
}

} // namespace

namespace {

/// Where a vendor's answer holds a token. Only for credentials that are exchanged for one.
struct token_members {
    std::string_view holder; ///< empty: the answer itself
    std::string_view text;
    std::string_view lifetime;
};
struct members_of_token {
    token_members operator()(const client_credentials&) const { return {"", "access_token", "expires_in"}; }
    token_members operator()(const capillary_oauth&) const { return {"data", "accessToken", "ttlSeconds"}; }
    token_members operator()(const capillary_basic&) const { return {}; }
    token_members operator()(const api_key&) const { return {}; }
};

} // namespace

result<token> read_token(const credentials& c, const incoming_response& r) {
    if (r.status == 400 || r.status == 401 || r.status == 403) return errc::token_refused;
    if (!claims_success(r.status)) return errc::token_unavailable;

    const token_members named = std::visit(members_of_token(), c);
    const answer read(r.body);
    const json::object* holder =
        named.holder.empty() ? read.object() : object_member(read.object(), named.holder);
    const auto text = text_of(member(holder, named.text));
    if (!text || !usable_text(*text))
        return tells_of_error(read.object()) ? errc::token_refused : errc::token_unavailable;

    // A token beside an error: calls with it may be refused.
    if (tells_of_error(read.object())) return errc::token_unavailable;

    auto lifetime = stated_lifetime(member(holder, named.lifetime));
    if (!lifetime) lifetime = lifetime_of_jwt(*text);
    return token{secret(std::string(*text)), lifetime.value_or(cautious_lifetime)};
}

} // namespace offboard::vendors
