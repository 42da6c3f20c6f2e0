#include "offboard/vendors/auth.hpp"

#include "json_call.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>
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

/// What each kind of credentials does; a kind that is missing here does not compile.
struct token_call {
    std::optional<outgoing_request> operator()(const client_credentials& c) const {
        return json_call("POST", "/api/oauth/token",
                         {{"client_id", js(c.client_id)},
                          {"client_secret", js(c.client_secret.reveal())},
                          {"grant_type", "client_credentials"}});
    }
    std::optional<outgoing_request> operator()(const capillary_oauth& c) const {
        return json_call("POST", "/v3/oauth/token/generate",
                         {{"key", js(c.key)}, {"secret", js(c.key_secret.reveal())}});
    }
    std::optional<outgoing_request> operator()(const capillary_basic&) const { return std::nullopt; }
    std::optional<outgoing_request> operator()(const api_key&) const { return std::nullopt; }
};

struct proof {
    outgoing_request& to;
    const secret& access;

    void operator()(const client_credentials&) const {
        put(to, "Authorization", "Bearer " + std::string(access.reveal()));
    }
    void operator()(const capillary_oauth&) const {
        put(to, "X-CAP-API-OAUTH-TOKEN", std::string(access.reveal()));
    }
    void operator()(const capillary_basic& c) const {
        put(to, "Authorization", "Basic " + base64(c.username + ":" + md5_hex(c.password.reveal())));
    }
    void operator()(const api_key& c) const {
        put(to, "api-key", std::string(c.key.reveal()));
        put(to, "api-username", c.username);
    }
};

struct wants_token {
    bool operator()(const client_credentials&) const noexcept { return true; }
    bool operator()(const capillary_oauth&) const noexcept { return true; }
    bool operator()(const capillary_basic&) const noexcept { return false; }
    bool operator()(const api_key&) const noexcept { return false; }
};

} // namespace

bool needs_token(const credentials& c) noexcept {
    return std::visit(wants_token(), c);
}

outgoing_request token_request(const credentials& c) {
    std::optional<outgoing_request> made = std::visit(token_call(), c);
    if (!made) throw std::logic_error("these credentials are not exchanged for a token");
    return std::move(*made);
}

void authorise(outgoing_request& r, const credentials& c, const secret& access) {
    std::visit(proof{r, access}, c);
}

} // namespace offboard::vendors
