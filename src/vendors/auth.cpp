#include "offboard/vendors/auth.hpp"

#include "json_call.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

namespace json = boost::json;

namespace offboard::vendors {

namespace {

std::string md5_hex(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr) != 1)
        throw std::runtime_error("MD5, which Capillary's Basic authentication asks for, is not available");
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        out += hex[digest[i] >> 4U];
        out += hex[digest[i] & 15U];
    }
    return out;
}

std::string base64(std::string_view text) {
    std::vector<unsigned char> out(4 * ((text.size() + 2) / 3) + 1);
    const int n = EVP_EncodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                  static_cast<int>(text.size()));
    return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(n)};
}

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

/// In place of what an earlier attempt may have put there.
void put(outgoing_request& r, std::string_view name, std::string value) {
    std::erase_if(r.headers, [&](const header_field& f) { return same_name(f.first, name); });
    r.headers.emplace_back(std::string(name), std::move(value));
}

outgoing_request token_call(const client_credentials& c) {
    return json_call("POST", "/api/oauth/token",
                     {{"client_id", js(c.client_id)},
                      {"client_secret", js(c.client_secret.reveal())},
                      {"grant_type", "client_credentials"}});
}

outgoing_request token_call(const capillary_oauth& c) {
    return json_call("POST", "/v3/oauth/token/generate",
                     {{"key", js(c.key)}, {"secret", js(c.key_secret.reveal())}});
}

} // namespace

bool needs_token(const credentials& c) noexcept {
    return std::holds_alternative<client_credentials>(c) || std::holds_alternative<capillary_oauth>(c);
}

outgoing_request token_request(const credentials& c) {
    if (const auto* mention_me = std::get_if<client_credentials>(&c)) return token_call(*mention_me);
    if (const auto* capillary = std::get_if<capillary_oauth>(&c)) return token_call(*capillary);
    throw std::logic_error("these credentials are not exchanged for a token");
}

void authorise(outgoing_request& r, const credentials& c, const secret& access) {
    if (std::holds_alternative<client_credentials>(c)) {
        put(r, "Authorization", "Bearer " + std::string(access.reveal()));
    } else if (std::holds_alternative<capillary_oauth>(c)) {
        put(r, "X-CAP-API-OAUTH-TOKEN", std::string(access.reveal()));
    } else if (const auto* basic = std::get_if<capillary_basic>(&c)) {
        put(r, "Authorization", "Basic " + base64(basic->username + ":" + md5_hex(basic->password.reveal())));
    } else if (const auto* key = std::get_if<api_key>(&c)) {
        put(r, "api-key", std::string(key->key.reveal()));
        put(r, "api-username", key->username);
    }
}

} // namespace offboard::vendors
